"""The report of a Newton run: its first screen, tables, JSON, files and figures."""

from __future__ import annotations

import csv
import io
import json
import math

import pytest

import qres
from qres.errors import InputError
from qres.measurement.record import Measurement
from qres.notation.quantity import Quantity
from qres.report.formats import content
from qres.staircase import estimate

SCENARIO = {
    "model": {"measurement": "live"},
    "algorithm": {"name": "newton", "n_steps": 2, "damping": {"kind": "absolute", "value": 0.3}},
    "error": {"total": 0.1, "fail_prob": 0.05},
    "hardware": ["superconducting-1e-4"],
    "classical": {"device": "h200"},
}


@pytest.fixture(scope="module")
def report(hand_made):
    blocks = [
        hand_made.random_block("first", 12, seed=1),
        hand_made.random_block("last", 5, seed=2),
    ]
    run = hand_made.run_of(*blocks, n_steps=2)
    values = {"n_params": Quantity(value=17, kind="exact")}
    return estimate(SCENARIO, measurement=Measurement(subject="network", values=values, newton=run))


@pytest.fixture(scope="module")
def data(report):
    return json.loads(content(report, ".json"))


def test_json_is_valid_and_sums(report, data):
    """Nothing infinite, integers whole, totals the sums of their parts."""
    rows = data["schedule"]["decisions"]
    assert [(row["step"], row["block"]) for row in rows] == [
        (0, "first"),
        (0, "last"),
        (1, "first"),
        (1, "last"),
    ]
    for name in ("toffoli", "t", "rotations"):
        whole = sum(row["quantum"][name] for row in rows)
        assert data["logical"][name]["value"] == pytest.approx(whole, rel=1e-12)
        assert sum(stage[name] for stage in data["stages"]) == pytest.approx(whole, rel=1e-9)
    agreement = data["logical"]["agreement"]
    assert (agreement["status"], agreement["solves_counted"]) == ("exact", 4)
    assert agreement["toffoli_counted"] == data["logical"]["toffoli"]["value"]
    assert data["logical"]["t"]["method"].endswith("counted from circuit, formula agrees")
    widest = max(row["quantum"]["logical_qubits"] for row in rows)
    assert data["logical"]["logical_qubits"]["value"] == widest
    assert isinstance(widest, int)
    assert sum(stage["share"] for stage in data["stages"]) == pytest.approx(1)
    seconds = sum(row["quantum"]["runtime_s"]["superconducting-1e-4"] for row in rows)
    assert data["physical"][0]["runtime_s"]["value"] == pytest.approx(seconds, rel=1e-12)


def test_times_add_up(data):
    found = data["schedule"]
    picked = [
        next(route for route in row["routes"] if route["name"] == row["route"])
        for row in found["decisions"]
    ]
    whole = sum(route["total_s"] for route in picked) + sum(found["gradient_s"])
    assert found["scheduled_s"] == pytest.approx(whole, rel=1e-12)
    assert data["classical"]["runtime_s"]["value"] == found["classical_s"]
    alone = [min(route["total_s"] for route in row["alone"]) for row in found["decisions"]]
    whole = sum(alone) + sum(found["gradient_s"])
    assert found["classical_s"] == pytest.approx(whole, rel=1e-12)
    assert found["choosing_s"] == pytest.approx(
        sum(row["routes"][0]["prepare_s"] for row in found["decisions"]), rel=1e-12
    )
    names = {row["method"]: row["runtime_s"] for row in data["classical"]["alternatives"]}
    assert names == found["alone_route_s"]
    reason = {"method": "Kaczmarz", "reason": "no failure probability is given"}
    assert data["classical"]["left_out"] == [reason]  # once, of four systems
    ratio = found["quantum_s"] / found["classical_s"]
    assert data["verdict"]["ratio"]["value"] == pytest.approx(ratio, rel=1e-12)
    assert math.prod(rung["factor"] for rung in found["ladder"]) == pytest.approx(
        found["ladder"][-1]["seconds"] / found["ladder"][0]["seconds"]
    )


@pytest.mark.parametrize("width", [80, 100])
def test_the_table_fits(report, width):
    text = report.table(width)
    assert max(map(len, text.splitlines())) <= width
    assert text.splitlines()[1].startswith("  The GPU wins by")
    for title in ("Schedule", "Totals", "From the paper to the honest price", "Machines"):
        assert f"\n{title}" in text
    assert text.count("\n first") == 2
    assert ("size" in text.split("Totals")[0]) == (width == 100)


@pytest.mark.parametrize("width", [80, 100, 120])
@pytest.mark.parametrize("block", ["hidden1", "blocks.2.shortcut.0"])
@pytest.mark.parametrize("steps", [15, 25])
def test_long_names_and_intervals_cut_no_number(report, width, block, steps):
    """Blocks of a residual network, times from 2 to 3 years: the last column is whole."""
    from dataclasses import replace

    first = report.schedule.decisions[0]
    year = 365.25 * 86400
    route = replace(first.routes[0], solve_s=3 * year, solve_ends_s=(2.14 * year, 3.14 * year))
    wide = replace(
        first,
        block=block,
        kappa=411.1,
        break_even_s=1.5e-21,
        routes=(route, *(replace(item, name="CG by products") for item in first.routes[1:])),
    )
    many = tuple(
        replace(wide, step=step, kappa=wide.kappa / (1 + step % 2)) for step in range(steps)
    )
    longer = replace(report, schedule=replace(report.schedule, decisions=many))
    rows = longer.table(width).split("\nTotals")[0].splitlines()
    assert max(map(len, rows)) <= width
    if steps == 25:  # one row a block: 25 times 2.14 and 3.14
        (row,) = [line for line in rows if "206..411" in line]
        assert "53.5..78.5 years" in row
        assert row.endswith("1.5e-21 s")
    else:
        found = [line for line in rows if "2.14..3.14 years" in line]
        assert len(found) == 15
        assert all(line.endswith("1.5e-21 s") for line in found)


def test_a_run_that_no_machine_can_take_is_said(report):
    from dataclasses import replace

    verdict = replace(report.verdict, is_floor=True)
    words = " ".join(replace(report, verdict=verdict).table(100).split())
    assert "fit no machine here, and with free magic states take" in words


def test_many_systems_are_shown_block_by_block(report):
    """13 steps of two blocks: two rows, the condition number of both ends of each."""
    from dataclasses import replace

    from qres.report.newton_screen import newton_sheets

    first = report.schedule.decisions[:2]
    many = tuple(
        replace(item, step=step, kappa=item.kappa * (1 + step))
        for step in range(13)
        for item in first
    )
    longer = replace(report, schedule=replace(report.schedule, decisions=many))
    sheet = next(newton_sheets(longer, 100))[0]
    assert [row[:2] for row in sheet.rows] == [("first", "0..12"), ("last", "0..12")]
    kappa = first[0].kappa
    assert sheet.rows[0][sheet.columns.index("kappa")] == f"{kappa:.3g}..{13 * kappa:.3g}"


def test_intervals_are_summed(report):
    """Two solves at 2 to 3 and 5 to 9 s, two sharp at 1 s each: 9 to 14 s. The largest of widths."""
    from dataclasses import replace

    from qres.report.newton import newton_fields

    machine = "superconducting-1e-4"
    ends = [(2.0, 3.0), (5.0, 9.0), None, None]
    decisions = tuple(
        replace(
            item,
            quantum=replace(
                item.quantum,
                runtime_s={machine: 1.0},
                toffoli=1.0,
                spread={}
                if pair is None
                else {f"{machine}.runtime_s": pair, "toffoli": pair, "logical_qubits": (90, 1e3)},
            ),
        )
        for item, pair in zip(report.schedule.decisions, ends, strict=True)
    )
    found = newton_fields(replace(report, schedule=replace(report.schedule, decisions=decisions)))
    runtime, toffoli = found["physical"][0]["runtime_s"], found["logical"]["toffoli"]
    assert (runtime["low"], runtime["high"]) == (9.0, 14.0)
    assert (toffoli["low"], toffoli["high"]) == (9.0, 14.0)
    widest = max(item.quantum.logical_qubits for item in report.schedule.decisions[2:])
    assert found["logical"]["logical_qubits"]["low"] == max(90, widest)
    assert found["logical"]["logical_qubits"]["high"] == 1e3


def test_csv_has_a_row_a_system(report):
    rows = list(csv.DictReader(io.StringIO(str(content(report, ".csv")))))
    assert [row["block"] for row in rows] == ["first", "last"] * 2
    assert {row["route"] for row in rows} <= set(report.schedule.route_names)


def test_sources_name_the_paper(report):
    assert "2405.00252" in report.sources_text()
    assert "2405.00252" in str(content(report, ".bib"))
    assert r"\bibitem" in str(content(report, ".tex"))


def test_explanations(report):
    assert "Cholesky" in report.explain("first.1")
    assert "before the choice, on every route" in report.explain("first.1")
    alone = report.explain("schedule.classical_s")
    assert "nothing for choosing" in alone
    assert "left out: Kaczmarz: no failure probability is given" in alone
    assert "left out" not in report.explain("schedule.quantum_s")
    assert "before the choice: forming" in report.explain("schedule.scheduled_s")
    assert "prepar" in report.explain("verdict.ratio")
    assert "gradients of 2 steps" in report.explain("schedule.quantum_s")
    with pytest.raises(InputError, match=r"no number called 'first\.2'"):
        report.explain("first.2")


def test_one_count_for_a_quantum_computer_is_refused(report):
    with pytest.raises(InputError, match="a Newton run is many jobs"):
        content(report, ".qdk.json")


def test_figures(report):
    """A cell a system, a point a step, both panels and every method."""
    strip = report.draw_schedule().axes[0]
    assert len(strip.patches) == 4
    upper, lower = report.draw_conditions().axes
    assert [len(line.get_xdata()) for line in upper.get_lines()] == [2, 2]
    assert [list(line.get_ydata()) for line in lower.get_lines()] == [[12, 12], [5, 5]]
    left, right = (drawn(axes) for axes in report.draw_time_to_loss().axes)
    assert {"Newton, scheduled", "Newton, classical alone", "sgd"} <= set(left)
    goal = "goal: Newton's last loss"
    assert list(left[goal].get_ydata()) == [0.5, 0.5]
    assert goal in [text.get_text() for text in report.draw_time_to_loss().legends[0].get_texts()]
    alone = left["Newton, classical alone"].get_xdata()[-1]
    assert alone == pytest.approx(report.schedule.classical_s, rel=1e-12)
    assert set(right) == {"Newton, quantum alone"} | {name for name in right if name[0] == "_"}
    last = left["Newton, scheduled"].get_xdata()[-1]
    assert last == pytest.approx(report.schedule.scheduled_s, rel=1e-12)
    assert list(left["sgd"].get_ydata()) == [0.9, 0.6, 0.4]


@pytest.mark.parametrize(
    ("low", "high", "is_whole", "numbers"),
    [
        (0.0551, 0.1844, False, [0.075, 0.1, 0.125, 0.15, 0.175]),  # of 1, 2 and 5 only .1
        (28.95, 30.05, True, [29, 30]),
        (3.0, 400.0, False, [10, 100]),
        (3.0, 40.0, False, [5, 10, 20]),
    ],
)
def test_a_logarithmic_axis_has_numbers_and_counts_are_whole(low, high, is_whole, numbers):
    from matplotlib.figure import Figure

    from qres.report.figures.newton import _number_decades

    axes = Figure().add_subplot()
    axes.set(yscale="log", ylim=(low, high))
    _number_decades(axes, is_whole=is_whole)
    found = [value for value in axes.get_yticks() if low <= value <= high]
    assert found == pytest.approx(numbers)


def drawn(axes):
    """The lines of a panel by their labels."""
    return {line.get_label(): line for line in axes.get_lines()}


def test_accuracy_is_drawn_over_the_same_time(report):
    """Steps leave .7 and .8; sgd .3, .5, .6, of which three iterations are at the goal."""
    from dataclasses import replace

    run = report.measurement.newton
    first, last = (
        replace(step, held_out_accuracy=value)
        for step, value in zip(run.steps, (0.1, 0.7), strict=True)
    )
    rivals = (replace(run.rivals[0], accuracies=(0.3, 0.5, 0.6, 0.9)),)
    seen = replace(run, steps=(first, last), final_accuracy=0.8, rivals=rivals)
    figure = replace(
        report, measurement=replace(report.measurement, newton=seen)
    ).draw_time_to_loss()
    loss, _, accuracy, quantum = (drawn(axes) for axes in figure.axes)
    for name, values in (("Newton, scheduled", [0.7, 0.8]), ("sgd", [0.3, 0.5, 0.6])):
        assert list(accuracy[name].get_ydata()) == values
        assert list(accuracy[name].get_xdata()) == list(loss[name].get_xdata())
    assert list(quantum["Newton, quantum alone"].get_ydata()) == [0.7, 0.8]


@pytest.mark.parametrize("kind", ["svg", pytest.param("png", marks=pytest.mark.slow)])
def test_every_figure_of_a_run_is_a_file(report, kind):
    """By the end of its name; three of them on a page."""
    starts = {"svg": b"<?xml", "png": b"\x89PNG"}
    found = [content(report, f"{end}.{kind}") for end in ("", ".loss", ".conditions")]
    assert all(item.startswith(starts[kind]) for item in found)
    assert len(set(found)) == 3
    assert str(content(report, ".html")).count("<svg") == 3


def test_the_plan_says_what_is_padded_and_pruned(report):
    """12 of 16 and 5 of 8; of two blocks the worse: .2/2 of the matrix, a tenth of the step."""
    from dataclasses import replace

    plan = " ".join(
        report.table(100).split("Plan of the quantum solves")[1].split("Totals")[0].split()
    )
    assert "padded to powers of two: 5 components to 8, 12 components to 16" in plan
    assert "pruned" not in plan
    run = report.measurement.newton
    found = {"pruned_share": 0.25, "prune_error": 0.2, "prune_step_error": 0.1, "norm": 2.0}
    known = {name: Quantity(value=value, kind="measured") for name, value in found.items()}
    steps = tuple(
        replace(step, blocks=tuple(replace(b, values={**b.values, **known}) for b in step.blocks))
        for step in run.steps
    )
    measured = replace(report.measurement, newton=replace(run, steps=steps))
    words = " ".join(replace(report, measurement=measured).table(100).split())
    assert (
        "up to 25% of the entries beside the diagonal, 0.1 of the matrix in spectral norm" in words
    )
    assert "a step moves by up to 0.1 of its norm" in words


def test_the_policy_of_the_paper_says_that_the_plan_is_not_its_own(report):
    from dataclasses import replace

    note = "of the honest price; the charge of the paper, which decides, has no such plan"
    paper = replace(report, schedule=replace(report.schedule, policy="paper"))
    plain, found = (" ".join(item.table(100).split()) for item in (report, paper))
    assert note in found
    assert note not in plain
    assert "of the magic states, at honest prices." in found
    assert "at honest prices" not in plain
    assert found.count("honest prices, whatever the policy") == 2  # stages and machines


def test_the_totals_say_what_they_include(report):
    """Choosing in all rows of the scheduler, in none of the device alone."""
    from dataclasses import replace

    from qres.report.newton_screen import newton_sheets
    from qres.report.units import duration

    def slow(route):
        return replace(route, prepare_s=2e-3)

    decisions = tuple(
        replace(item, routes=tuple(map(slow, item.routes))) for item in report.schedule.decisions
    )
    longer = replace(report, schedule=replace(report.schedule, decisions=decisions))
    (sheet,) = (sheet for sheet, _ in newton_sheets(longer, 100) if sheet.title == "Totals")
    notes = {row[0]: row[-1] for row in sheet.rows}
    names = ("scheduled", *longer.schedule.route_names)
    assert {notes[f"Newton, {name}"] for name in names} == {"8 ms choosing"}
    assert notes["Newton, classical alone"] == "no choosing; Cholesky 4"
    times = {row[0]: row[2] for row in sheet.rows}
    assert times["Newton, classical alone"] == duration(report.schedule.classical_s)
    words = " ".join(longer.table(100).split())
    assert "8 ms for choosing" in words
    ratio = longer.schedule.scheduled_s / longer.schedule.classical_s
    assert f"{ratio:.3g} times as long as classical Newton alone, which need not choose" in words


def test_a_rate_of_many_jobs_is_refused(report):
    with pytest.raises(InputError, match="differentiate: a Newton run is many jobs"):
        qres.differentiate(report)


def test_figures_need_a_run(report):
    from dataclasses import replace

    with pytest.raises(InputError, match="no Newton run was priced"):
        replace(report, schedule=None).draw_schedule()
