"""The tables of `qres verify`: no line is longer than a narrow terminal, whatever stands in it."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from qres.cli.door import run
from qres.verify import against
from qres.verify.against import comparison_text
from qres.verify.descent_runs import DescentProof
from qres.verify.proofs import Proof
from qres.verify.proofs_text import proofs_text
from qres.verify.readouts import ReadoutProof
from qres.verify.record import Comparison
from qres.verify.registry import FAMILIES
from qres.verify.solvers import SolverProof
from qres.verify.tables import Row, counts, table
from qres.verify.walk import WalkConstant

WIDE = 123_456

ENCODED = Proof(
    encoding="a circuit with a name of thirty",
    matrix="N=3 m=1 q=2",
    rows=1024,
    form="controlled",
    alpha=1234.567,
    alpha_found=1234.568,
    epsilon=1.3e-14,
    epsilon_found=4.1e-15,
    toffoli=WIDE,
    toffoli_call_graph=WIDE,
    toffoli_circuit=WIDE,
    qubits=(149, 149),
)
SOLVED = SolverProof(
    solver="shortcut-known-norm",
    rows=1024,
    kappa=12.5,
    epsilon=1e-12,
    epsilon_found=2.2e-13,
    flag_prob=0.35,
    flag_found=0.72,
    model=WIDE + 0.5,
    rounding=10,
    formula=(WIDE, 2 * WIDE, 3 * WIDE, 4 * WIDE),
    call_graph=(WIDE, 2 * WIDE, 3 * WIDE, 4 * WIDE),
    circuit=(WIDE, 2 * WIDE, 3 * WIDE, 4 * WIDE),
    qubits=(115, 112),
)
READ = ReadoutProof(
    quantity="an observable with a name that is long",
    rows=1024,
    iterations=WIDE,
    least=-1.234e-14,
    most=-1.2e-15,
    found=-1.23e-14,
    counts=((WIDE, WIDE),) * 3,
    qubits=(115, 112),
    false_alarm=1e-12,
)
WALK = WalkConstant(
    is_published=True,
    kappa=10.5,
    n_matrices=20,
    walk_steps=9999,
    distance=1.41,
    flag_prob=0.5,
)
TRAINED = DescentProof(
    loss="quartic",
    truncation_order=6,
    steps=128,
    padding=128,
    qubits=120,
    run=SOLVED,
    invocations=1001,
    success_prob=0.5,
    success_found=0.6,
    certificate=1e-3,
    truncation=1e-4,
    budget=1e-12,
    distance=1e-13,
    moved=1e-5,
)
DIFFERENT = [
    replace(ENCODED, toffoli_call_graph=1, toffoli_circuit=2 * WIDE, qubits=(1, 149)),
    replace(SOLVED, call_graph=(1, 2, 3, 4), circuit=(9 * WIDE,) * 4),
    replace(READ, counts=((WIDE, WIDE), (1, 2), (3 * WIDE, 4 * WIDE))),
    replace(TRAINED, budget=0.0),
]


@pytest.mark.parametrize("is_whole", [True, False])
def test_no_line_is_longer_than_eighty_columns(is_whole):
    found = [ENCODED, SOLVED, READ, WALK, TRAINED, *DIFFERENT]
    lines = proofs_text(found, is_whole=is_whole).splitlines()
    assert max(map(len, lines)) <= 80
    assert sum(line.startswith("    DIFFERS") for line in lines) == len(DIFFERENT)
    # what was claimed and found stands there in full
    for number in ("123,456 / 1 / 246,912", "123,456 / 1 / 370,368", "1.3e-14", "1.000000"):
        assert number in "\n".join(lines)


def test_columns_stand_below_their_titles():
    """Each title ends where its column ends; names and read-outs without counts move nothing."""
    bare = replace(READ, counts=(), qubits=(0, 0), false_alarm=0.0)
    head, name, full, less = table_of([READ, bare])
    assert name == READ.quantity
    assert len(head) == len(full)
    for title, cell in (("Grover", "123456"), ("found", "-1.23e-14"), ("alarm", "1.0e-12")):
        assert head.index(title) + len(title) == full.rindex(cell) + len(cell)
    assert full.startswith(less)
    head, name, full = table_of([ENCODED])
    assert [len(head), name] == [len(full), ENCODED.encoding]
    head, name, full = table_of([SOLVED])
    assert [len(head), name] == [len(full), SOLVED.solver]


def table_of(proofs):
    """Return the table alone, without the text above it."""
    lines = proofs_text(proofs, is_whole=True).splitlines()
    return lines[next(i for i, line in enumerate(lines) if " found " in line and "  " in line) :]


def test_rows_of_one_name_stand_together():
    rows = [Row("  1", True, "a"), Row("  2", True, "b"), Row("  3", False, "a", "why")]
    assert table("head", rows) == ["head", "a", "  1", "  3", "    DIFFERS: why", "b", "  2"]
    assert counts(("Toffoli", (1, 1)), ("rotations", (2, 3000))) == "rotations 2 / 3,000"


@pytest.mark.parametrize("columns", [80, 100])
def test_the_command_fits_the_terminal(columns, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(columns))
    assert shutil.get_terminal_size().columns == columns
    found = [ENCODED, SOLVED, READ, WALK, TRAINED, *DIFFERENT]
    monkeypatch.setitem(FAMILIES, "states", lambda seed, progress: iter(found))
    assert run(["verify", "states"]) == 1
    compared = Comparison(
        quantity="logical error rate",
        n_inputs=100_000,
        allowed=1e-12,
        worst=1.0,
        ours=-1.23456e-123,
        theirs=-1.23457e-123,
        n_unequal=3,
    )
    monkeypatch.setattr(against, "compare_with", lambda *args, **rest: (compared,))
    assert run(["verify", "--against", "qdk"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= columns
    assert comparison_text("qdk", [compared]).splitlines()[-1] == "    DIFFERS"
