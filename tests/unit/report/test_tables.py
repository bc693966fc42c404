"""The tables at both ends of their width: nothing is cut, and numbers are those of the data."""

from __future__ import annotations

import functools
from dataclasses import replace

import pytest

import qres
from qres.notation.quantity import Quantity
from qres.report.plan import padded_sizes, plan
from qres.report.units import count, duration

GIVEN = {
    "n_params": 1000,
    "n_active": 60,
    "n_samples": 100,
    "sparsity": 60,
    "max_entry": 1,
    "frobenius_norm": 3,
    "lambda_max": 2,
    "lambda_min": -0.1,
    "grad_norm": 0.5,
    "eps_model": 0.001,
    "t3_injective": 0.02,
    "t3_unfolding": 0.03,
    "t3_frobenius": 0.04,
    "t3_max_entry": 0.01,
    "update_norms": [0, 0.05, 0.1, 0.15, 0.2],
}
"""Numbers of a small network."""

TRAINING = {
    "schema": "qres-model/1",
    "name": "tables",
    "model": {"given": GIVEN},
    "algorithm": {"name": "carleman-gd", "n_steps": 4, "learning_rate": 0.1},
}
MATRIX = {
    "dim": 4096,
    "max_entry": 4,
    "norm": 7.9,
    "sparsity": 5,
    "smallest_singular_value": 0.07,
}
SYSTEM = {
    "schema": "qres-model/1",
    "name": "tables",
    "model": {"given": MATRIX},
    "algorithm": {"name": "linear-system"},
}


@functools.cache
def ask(which: str, **changes):
    """The report of a question with changes."""
    return qres.estimate({"training": TRAINING, "system": SYSTEM}[which], **changes)


QUESTIONS = {
    "degree 1": ("training", {}),
    "degree 2": ("training", {"algorithm__degree": 2}),
    "segments": ("training", {"algorithm__segment_steps": 2}),
    "loss": ("training", {"error__target": "loss", "error__total": 0.01}),
    "layers": ("training", {"algorithm__data_access": "qram"}),
    "solvers": ("system", {"algorithm__solver": "all"}),
    "system": ("system", {}),
}


@pytest.fixture(params=QUESTIONS)
def report(request):
    which, changes = QUESTIONS[request.param]
    return ask(which, **changes)


@pytest.mark.parametrize("width", [80, 100])
def test_nothing_is_cut(report, width):
    text = report.table(width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    assert "(*)" not in text
    found = report.to_dict()
    whole = " ".join(text.split())
    for row in found["stages"]:
        if row["toffoli"]:
            assert f" {count(row['toffoli'])} " in whole, row["name"]
    for row in found["solvers"]:
        assert f" {row['solver']} " in whole
        if row["magic_states"] is not None:
            assert f" {count(row['run_queries'])} " in whole, row["solver"]
            assert f" {count(row['magic_states'])}" in whole, row["solver"]
    for row in found["warnings"]:
        assert row["message"].split()[-1] in whole


def test_the_plan_says_what_was_chosen(report):
    lines = plan_of(report)
    choices = report.to_dict()["choices"]
    assert choices["encoding"] in lines["matrix"]
    assert choices["data_access"] in lines["matrix"]
    assert choices["solver"] in lines["solver"]
    assert choices["readout"] in lines["read-out"]
    assert choices["failure rule"] in lines["read-out"]
    assert ("model" in lines) == ("degree" in choices)


def plan_of(report) -> dict[str, str]:
    """The rows of the plan."""
    text = report.table(100).split("\nPlan\n")[1].split("\nInputs\n")[0]
    found: dict[str, str] = {}
    for line in filter(None, text.splitlines()):
        name, rest = line[1:11].strip(), line[11:]
        found[name or list(found)[-1]] = rest if name else f"{found[list(found)[-1]]} {rest}"
    return {name: " ".join(words.split()) for name, words in found.items()}


def test_the_plan_in_words():
    plain, lift = plan_of(ask("training")), plan_of(ask("training", algorithm__degree=2))
    assert "degree 1, 1 segment of 4 steps" in plain["model"]
    assert "exact at degree 1" in plain["lift"]
    assert "degree 2, 1 segment of 4 steps" in lift["model"]
    assert "rescaling" in lift["lift"]
    cut = plan_of(ask("training", algorithm__segment_steps=2))
    assert "2 segments of 2 steps" in cut["model"]
    assert plain["error"] == "error.total 0.1 is relative to the norm of the vector"
    loss = plan_of(ask("training", error__target="loss", error__total=0.01))
    # .5 d + d^2 = .01 (h = 2) at d = (-.5 + sqrt(.25 + .04))/2 = .019258, over a distance of .2
    assert "may be off by 0.09629 of the norm" in loss["error"]
    assert "optimizer" not in plain
    slow = plan_of(ask("training", algorithm__optimizer__weight_decay=0.01))
    assert slow["optimizer"] == "gradient descent, weight decay 0.01"


def padded_in(report, **values: int) -> str:
    """What the plan says of sizes that fill no register, once these values are put in."""
    typed = {name: replace(report.job.values[name], value=value) for name, value in values.items()}
    job = replace(report.job, values={**report.job.values, **typed})
    (sheet,) = plan(replace(report, job=job))
    return dict(sheet.rows).get("padded", "").removeprefix("to powers of two: ")


def test_padded_sizes_are_said():
    """2^10 = 1024 < 1500 <= 2048 = 2^11; 2^2 = 4 < 5 <= 8 = 2^3."""
    report = ask("system")
    assert report.job.choices["encoding"] == "sparse"
    assert padded_in(report) == "5 entries of a row to 8"  # of 4096 = 2^12
    found = padded_in(report, dim=1500)
    assert found == "1,500 components to 2,048, 5 entries of a row to 8"
    assert padded_in(report, dim=1025, sparsity=4) == "1,025 components to 2,048"
    assert padded_in(report, dim=1024, sparsity=4) == ""


def test_padded_slots_of_rows_and_columns():
    """12 <= 16 = 2^4; 3 <= 4 = 2^2; 5 <= 8 = 2^3; a row has no more entries than there are columns."""
    known = {"dim": 12, "index_bits": 4, "row_sparsity": 3, "row_slot_bits": 2}
    known |= {"column_sparsity": 5, "column_slot_bits": 3}
    row, column = "3 entries of a row to 4", "5 entries of a column to 8"
    assert padded_sizes(known) == ["12 components to 16", row, column]
    assert padded_sizes(known | {"dim": 4, "index_bits": 2}) == [row, "4 entries of a column to 8"]


def test_padded_diagonals_are_no_entries_of_a_row():
    """Poisson's 5 diagonals take 3 qubits, 8; an ordinary table of them has 5 entries a row."""
    report = qres.estimate("poisson-2d")
    assert report.job.choices["encoding"] == "computed"
    assert padded_in(report) == "5 diagonals to 8"  # of 256 = 2^8
    assert padded_in(report, n_diagonals=3) == "3 diagonals to 4"
    plain = qres.estimate("poisson-2d", algorithm__encoding="sparse")
    assert padded_in(plain) == "5 entries of a row to 8"


def test_padded_rows_of_a_history_are_said():
    """Row 0, 4 steps and p idle rows are p + 5; 60 weights take 6 qubits, 64."""
    report = ask("training")
    assert report.job.choices["encoding"] == "frobenius"
    assert padded_in(report, n_active=64, padding=3) == ""
    assert padded_in(report, n_active=60, padding=3) == "60 components to 64"
    assert padded_in(report, n_active=64, padding=4) == "9 rows of the history to 16"


def test_padded_blocks_of_a_lift_are_said():
    """Blocks 1 to N: 2 fill a qubit, 3 do not fill two."""
    report = ask("training", algorithm__degree=2)
    for order, text in ((2, ""), (3, "3 blocks of the lift to 4")):
        job = replace(report.job, choices={**report.job.choices, "truncation_order": order})
        assert padded_in(replace(report, job=job), n_active=64, padding=3) == text


def test_the_budget_adds_up(report):
    """Decided and filled terms together are what may be spent, and the table prints their sum."""
    found = report.to_dict()
    spent = sum(row["share"] for row in found["budget"])
    allowed = found["target"]["weights_error"] or {"value": found["target"]["total"]}
    assert spent == pytest.approx(allowed["value"], rel=1e-9)
    budget = report.table(100).split("Error budget")[1].split("Machines")[0]
    assert float(budget.split(" sum ")[1].split()[0]) == pytest.approx(spent, rel=1e-3)
    names = [row["name"] for row in found["budget"]]
    assert [name for name in names if f" {name} " not in budget] == []
    assert ("eps_threshold" in names) == (" eps_threshold " in budget)


def test_seconds_of_the_tables():
    """1 gradient of 6 * 1000 * 100 FLOPs and 60 products of three: by hand, 181 of them."""
    report = ask("training")
    rows = {row["name"]: row for row in report.to_dict()["stages"]}
    assert rows["tabulate"]["gradients"] == 1 + 3 * 60
    # h200: .4 of 989.5e12 FLOP/s, 4.8e12 bytes/s (parameters read and written once, bf16), 5 us
    device = report.device
    seconds = 5e-6 + max(
        181 * 6 * 1000 * 100 / (0.4 * device.bf16_flops), 181 * 2 * 2 * 1000 / device.bandwidth
    )
    assert rows["tabulate"]["device_s"] == pytest.approx(seconds, rel=1e-9)
    assert f"tabulate {duration(seconds)}" in report.table(100)
    assert rows["matrix queries"]["device_s"] is None


def test_layers_only_with_a_bucket_brigade():
    plain, layered = ask("training"), ask("training", algorithm__data_access="qram")
    assert " layers " not in plain.table(100)
    header = next(line for line in layered.table(80).splitlines() if "Toffoli" in line)
    assert " layers " in header
    found = layered.to_dict()["logical"]
    assert found["layers"] < found["toffoli"]["value"] + found["t"]["value"]
    same = plain.to_dict()["logical"]
    assert same["layers"] == same["toffoli"]["value"] + same["t"]["value"]


def test_dissipation_by_hand():
    """max|1 - .1 lambda| = 1.01; r_T = (.1 * .04/2 / 1.01) * .2 * (1 + 1.01 + 1.01^2 + 1.01^3)."""
    report = ask("training")
    block = report.table(100).split("Dissipation and nonlinearity")[1].split("\nStages\n")[0]
    rows = {line.split()[0]: line.split() for line in block.splitlines() if line.strip()}
    assert float(rows["contraction_margin"][1]) == pytest.approx(-0.01)
    ratio = 0.1 * 0.02 / 1.01 * 0.2 * sum(1.01**t for t in range(4))
    assert float(rows["finite_horizon_ratio"][1]) == pytest.approx(ratio, rel=1e-3)
    assert rows["finite_horizon_ratio"][2] == "indicator"
    assert "Dissipation" not in ask("system").table(100)


def test_references_say_what_they_are():
    report = ask("training", algorithm__degree=2)
    low = Quantity(value=1e-3, kind="measured", bound="lower", source="certificate, low norms")
    references = {**report.job.references, "eps_truncation": low}
    report = replace(report, job=replace(report.job, references=references))
    text = report.table(100)
    whole = " ".join(text.split())
    assert "inverse_norm (linear)" in text
    assert "of the linear part alone, a lower bound" in whole
    assert "eps_truncation (low)" in text
    assert "lower bounds, so this is optimistic" in whole


def test_a_measured_read_out_tolerance_has_a_row():
    report = ask("training")
    known = report.measurement
    assert "readout_tolerance" not in report.table(100)
    for found, text in ((0.15, "0.15"), (None, "unknown")):
        tolerance = Quantity(value=found, kind="measured", method="20 draws for each of 12 eps")
        values = {**known.values, "readout_tolerance": tolerance}
        table = replace(report, measurement=replace(known, values=values)).table(100)
        (row,) = [line.split() for line in table.splitlines() if "readout_tolerance" in line]
        assert row[:3] == ["readout_tolerance", text, "measured"]
        assert "20 draws for each" in " ".join(row)


@pytest.mark.parametrize(("width", "is_below"), [(80, True), (100, False)])
def test_names_of_factories_stay_whole(width, is_below):
    """The names have 25 letters each: beside five columns they fit 100 of width, not 80."""
    text = qres.estimate(SYSTEM, hardware=["superconducting-1e-3-open"]).table(width)
    whole = " ".join(text.split())
    assert "cultivated-fifteen-to-one d1=" in whole
    assert ("superconducting-1e-3-open: cultivated-fifteen-to-one" in whole) == is_below
    assert max(map(len, text.splitlines())) <= width
