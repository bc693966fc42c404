"""The commands of `qres`; each checks its arguments, calls one verb, and writes what it returns."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from qres.cli.output import (
    check_targets,
    columns,
    is_follower,
    note,
    paragraphs,
    width,
    write_json,
    write_text,
)
from qres.cli.progress import shown_progress
from qres.errors import InputError, nearest

app = typer.Typer(
    name="qres",
    help="What would it take to run this network, matrix or count on a quantum computer?",
    epilog="Exit codes: 0 done, 2 the input is wrong, 1 something of ours is wrong, "
    "130 interrupted.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

FIGURES = (".pdf", ".svg", ".png")
SHOWN = ("frontier", "sources", "defaults")
PEERS = ("qualtran", "qdk")
LISTED = ("models", "measurements", "hardware", "devices", "solvers", "formulas")
FORMATS = ("text", "latex", "python", "markdown")
DEPTHS = ("working", "full", "headline")

Model = Annotated[
    str, typer.Argument(metavar="MODEL", help="A model.yaml, or the name of a shipped model.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="A.B=V", help="Change one value of the model; repeatable."),
]
Targets = Annotated[
    list[Path] | None,
    typer.Option("-o", "--output", metavar="FILE", help="Write to FILE; repeatable."),
]
Measured = Annotated[
    list[Path] | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="Write to FILE (.json, or a figure: .pdf .svg .png); repeatable.",
    ),
]
Files = Annotated[
    list[Path] | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="Write to FILE (.json .csv .tex .pdf .bib .html .svg .png; NAME.frontier.svg: qubits "
        "against time; NAME.loss.svg, NAME.conditions.svg: of a Newton run; NAME.qdk.json: the logical "
        "counts, as the QDK and algorithm counts read them); "
        "repeatable.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Write JSON to stdout.")]
Trust = Annotated[bool, typer.Option("--trust", help="Allow the model to run its own code.")]


@app.callback(invoke_without_command=True)
def top(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, help="Print versions and leave.")
    ] = False,
) -> None:
    """What would it take to run this network, matrix or count on a quantum computer?"""
    if version:
        write_text(columns(_versions()))
        raise typer.Exit
    if context.invoked_subcommand is None:
        write_text(context.get_help())


@app.command()
def estimate(
    model: Model,
    settings: Settings = None,
    no_measure: Annotated[
        bool, typer.Option("--no-measure", help="Use a stored measurement, or stop.")
    ] = False,
    trust: Trust = False,
    show: Annotated[
        str, typer.Option("--show", metavar="WHAT,...", help=f"Also: {', '.join(SHOWN)}.")
    ] = "",
    output: Files = None,
    json: Json = False,
) -> None:
    """Estimate what MODEL takes on quantum machines and on a GPU."""
    shown = [_choose("--show", part.strip(), SHOWN) for part in show.split(",") if part.strip()]
    from qres.report.formats import SUFFIXES, check_format

    check_targets(output or [], SUFFIXES)
    for target in output or []:
        check_format(target)

    from qres import staircase

    scenario = staircase.load(model, overrides=settings or [])
    with shown_progress() as progress:
        report = staircase.estimate(scenario, trust=trust, progress=progress, no_measure=no_measure)
    for target in output or []:
        report.save(target)
        note(f"wrote {target}")
    if json:
        return write_json(report.to_dict())
    texts = [report.table(width())]
    texts += [getattr(report, f"{part}_text")() for part in shown]
    return write_text("\n\n".join(text.rstrip("\n") for text in texts))


@app.command()
def measure(
    model: Model,
    settings: Settings = None,
    trust: Trust = False,
    output: Measured = None,
    json: Json = False,
) -> None:
    """Measure MODEL only and store the result."""
    check_targets(output or [], (".json", *FIGURES))

    from qres import staircase
    from qres.cli.figures import write_measurement

    scenario = staircase.load(model, overrides=settings or [])
    with shown_progress() as progress:
        measurement = staircase.measure(scenario, trust=trust, progress=progress)
    if is_follower():
        return None
    for target in output or []:
        write_measurement(target, measurement)
        note(f"wrote {target}")
    if json:
        return write_json(measurement.to_dict())
    for code, message in measurement.warnings:
        note(f"{code}: {message}")
    from qres.report.curves import curve_text
    from qres.report.spectrum import density_text

    rows = [(name, _quantity_line(value)) for name, value in measurement.values.items()]
    texts = [columns(rows), density_text(measurement, width=width())]
    texts.append(curve_text(measurement, width=width()))
    return write_text("\n".join(filter(None, texts)))


@app.command()
def formula(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]", help="A formula, or a family ('solver.'); without it, the list."
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="SYMBOL=V", help="Value of a symbol; repeatable."),
    ] = None,
    format: Annotated[
        str, typer.Option("--format", metavar="|".join(FORMATS), help="How to print it.")
    ] = "text",
    depth: Annotated[
        str,
        typer.Option("--depth", metavar="|".join(DEPTHS), help="How far down it is written out."),
    ] = "working",
    output: Targets = None,
    json: Json = False,
) -> None:
    """List the formulas, print one or a family, or with --set evaluate it."""
    _choose("--format", format, FORMATS)
    _choose("--depth", depth, DEPTHS)
    if settings and (name is None or name.endswith(".")):
        raise InputError("--set needs the NAME of a formula")

    import gc

    from qres.cli import formulas

    gc.disable()  # expressions are made by the thousand and kept: a tenth of the time
    check_targets(output or [], tuple(formulas.SUFFIXES))
    chosen = _formulas(name)
    for target in output or []:
        from qres.files import write_atomic

        style = formulas.SUFFIXES[target.suffix]
        write_atomic(target, formulas.render(chosen, style, depth, settings or []))
        note(f"wrote {target}")
    if output and not json:
        return None
    if json:
        is_list = name is None or name.endswith(".")
        data = [formulas.as_dict(item, settings or []) for item in chosen]
        return write_json(data if is_list else data[0])
    if name is None and format == "text":
        return write_text(columns(formulas.rows(chosen)))
    return write_text(formulas.render(chosen, format, depth, settings or []))


def _formulas(name: str | None) -> list[Any]:
    """Return the formula of that name, those of a family, or all."""
    from qres import staircase

    if name is not None and not name.endswith("."):
        return [staircase.formula(name)]
    found = staircase.formulas(name or "")
    if not found:
        families = {item.name.partition(".")[0] + "." for item in staircase.formulas()}
        raise InputError(f"no formulas under '{name}'{nearest(str(name), families)}")
    return found


@app.command("list")
def list_(
    what: Annotated[
        str | None, typer.Argument(metavar=f"[{'|'.join(LISTED)}]", help="Without it, all.")
    ] = None,
    json: Json = False,
) -> None:
    """List what there is."""
    from qres import staircase

    kinds = LISTED if what is None else (_choose("list", what, LISTED),)
    names = {kind: staircase.list_names(kind) for kind in kinds}
    if json:
        return write_json({kind: dict(rows) for kind, rows in names.items()})
    if what is not None:
        notes = paragraphs(staircase.list_notes(what))
        return write_text(columns(names[what]) + notes)
    return write_text("\n".join(f"{kind}\n{columns(names[kind], indent='  ')}" for kind in kinds))


@app.command()
def verify(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="An encoding, or histories; without it, all."),
    ] = None,
    against: Annotated[
        str | None, typer.Option("--against", metavar="|".join(PEERS), help="The other tool.")
    ] = None,
    inputs: Annotated[
        int | None, typer.Option("--inputs", metavar="N", help="Random inputs; 500 if not given.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Of the inputs.")] = 0,
    json: Json = False,
) -> None:
    """Simulate circuits, or hold the physical models against another tool: claimed and found."""
    if against is None:
        if inputs is not None:
            raise InputError("--inputs needs --against")
        return _verify_circuits(name, seed, json)
    if name is not None:
        raise InputError(f"verify: '{name}' and --against exclude each other")
    _choose("--against", against, PEERS)

    from dataclasses import asdict

    from qres.verify.against import compare_with, comparison_text

    found = compare_with(against, n_inputs=500 if inputs is None else inputs, seed=seed)
    if json:
        write_json([asdict(item) | {"is_equal": item.is_equal} for item in found])
    else:
        write_text(comparison_text(against, found))
    unequal = [item.quantity for item in found if not item.is_equal]
    if unequal:
        note(f"qres and {against} differ in {', '.join(unequal)}")
        raise typer.Exit(1)
    return None


def _verify_circuits(name: str | None, seed: int, json: bool) -> None:
    """Write the claims of one encoding or of all, and what its simulated circuits show."""
    from dataclasses import asdict

    from qres.verify.proofs_text import proofs_text
    from qres.verify.registry import chosen, prove

    names = chosen(name)
    with shown_progress() as progress:
        proofs = list(prove(names, seed=seed, progress=progress))
    if json:
        write_json([asdict(item) | {"is_equal": item.is_equal} for item in proofs])
    else:
        write_text(proofs_text(proofs, is_whole=name is not None))
    differing = sorted({item.encoding for item in proofs if not item.is_equal})
    if differing:
        note(f"claimed and found differ in {', '.join(differing)}")
        raise typer.Exit(1)


@app.command()
def schema() -> None:
    """Print the JSON Schema of model.yaml."""
    from qres.config.schema import model_schema

    write_json(model_schema())


@app.command()
def init(
    file: Annotated[Path, typer.Argument(metavar="[FILE]", help="Where to write it.")] = Path(
        "model.yaml"
    ),
) -> None:
    """Write a commented model.yaml to start from."""
    from qres.config.starter import starter_text
    from qres.files import write_atomic

    if file.exists():
        raise InputError(f"{file}: exists already; it is left as it is")
    check_targets([file], (".yaml", ".yml"))
    write_atomic(file, starter_text(file.name))
    note(f"wrote {file}; next: qres estimate {file}")


def _choose(what: str, word: str, options: tuple[str, ...]) -> str:
    """Return `word`, or refuse it with the nearest option."""
    if word not in options:
        raise InputError(f"{what}: '{word}' is not known{nearest(word, options)}")
    return word


def _quantity_line(quantity: Any) -> str:
    value = "unknown" if quantity.value is None else f"{quantity.value:.6g}"
    if quantity.low is not None or quantity.high is not None:
        value += f" [{_end(quantity.low)}, {_end(quantity.high)}]"
    return f"{value}  {quantity.kind}"


def _end(value: float | None) -> str:
    return "?" if value is None else f"{value:.6g}"


def _versions() -> list[tuple[str, str]]:
    """Return what runs, and where its data lies."""
    from qres import staircase
    from qres.files import data_path

    return [*staircase.versions().items(), ("data", str(data_path("")))]
