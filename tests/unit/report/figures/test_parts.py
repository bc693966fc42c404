"""The parts of a job: a toy by hand, and that parts add up wherever they are shown."""

from types import SimpleNamespace

import pytest

import qres
from qres.algorithms.record import Job, Stage, Unit
from qres.logical.formulas import count_stages
from qres.notation.formula import define
from qres.notation.named import look, unlook
from qres.notation.quantity import Quantity
from qres.notation.source import derived
from qres.notation.symbols import symbols
from qres.report.figures.parts import OTHER, split_cost

DIM, BITS, LIMIT, TIME = symbols("dim matrix_bits block_limit time_bits")
COPIES, QUERIES, PRICE, SYNTHESIS = symbols("copies matrix_queries query_toffoli synthesis_t")
HERE = derived("this test")


def stage(name, calls, unit):
    return Stage(name=name, calls=calls, unit=unit, kind="exact", source=HERE, meaning=name)


@pytest.fixture(scope="module")
def toy():
    price = look(DIM, BITS, 0, LIMIT) + unlook(DIM, 0, LIMIT) + TIME
    job = Job(
        name="toy",
        stages=(
            stage("matrix queries", COPIES * QUERIES, Unit(toffoli=PRICE, rotations=2, qubits=1)),
            stage("reflections", COPIES, Unit(toffoli=TIME + 2, rotations=1, qubits=1)),
            stage("rotation synthesis", 2 * COPIES * QUERIES + COPIES, Unit(t=SYNTHESIS)),
        ),
        values={
            name: Quantity(value=value, kind="given")
            for name, value in {
                "dim": 10,
                "matrix_bits": 6,
                "block_limit": 0,
                "time_bits": 5,
                "copies": 3,
                "matrix_queries": 4,
                "synthesis_t": 10,
            }.items()
        },
        definitions=(define("toy.query_toffoli", "one query", price, HERE),),
    )
    numbers = job.evaluate()
    return SimpleNamespace(
        job=job, priced=SimpleNamespace(numbers=numbers, stages=count_stages(job, numbers))
    )


def sizes(parts):
    return {part.name: part.size for part in parts}


def test_a_toy_by_hand(toy):
    # plain QROM of 10 entries: 10 - 2 = 8 Toffoli, erased in blocks of two by 5 + 2 - 4 = 3; with 5
    # for the time a query takes 16. 12 queries are 192, 3 reflections 21; 27 rotations of 10 T 135.
    queries, reflections, synthesis = split_cost(toy)
    assert (queries.size, reflections.size, synthesis.size) == (192.0, 21.0, 135.0)
    assert sizes(queries.parts) == {
        "look(dim, matrix_bits)": 12 * 8,
        "unlook(dim)": 12 * 3,
        OTHER: 12 * 5,
    }
    assert reflections.parts == ()
    assert sizes(synthesis.parts) == {"for matrix queries": 120.0, "for reflections": 15.0}
    assert queries.detail == "12 x 16"


JOBS = {
    "sparse tables": ("liu-2024-7m-assumed", {}),
    "no tables": ("poisson-2d", {}),
    "a bucket brigade": ("liu-2024-7m-assumed", {"algorithm__data_access": "qram"}),
    "sampling": (
        "liu-2024-7m-assumed",
        {"algorithm__readout": {"kind": "tomography", "access": "sampling"}},
    ),
}


@pytest.fixture(scope="module", params=JOBS)
def report(request):
    name, changes = JOBS[request.param]
    return qres.estimate(name, **changes)


def check(part):
    if part.parts:
        assert sum(inner.size for inner in part.parts) == pytest.approx(part.size, rel=1e-9)
        assert all(inner.size >= 0 for inner in part.parts)
        assert len({inner.name for inner in part.parts}) == len(part.parts)
    for inner in part.parts:
        check(inner)


@pytest.mark.slow
def test_parts_add_up_to_the_table(report):
    parts = split_cost(report)
    shares = {row["name"]: row["share"] for row in report.to_dict()["stages"] if row["share"]}
    whole = sum(part.size for part in parts)
    assert {name: size / whole for name, size in sizes(parts).items()} == pytest.approx(shares)
    for part in parts:
        check(part)


def test_the_largest_stage_is_taken_apart(report):
    largest = max(split_cost(report), key=lambda part: part.size)
    assert largest.parts or largest.name == "rhs queries"  # a single table


def test_no_price_has_no_parts():
    assert split_cost(SimpleNamespace(job=None, priced=None)) == ()
