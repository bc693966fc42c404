"""Answers of the QDK's estimator as written down, and that estimator itself on fresh inputs."""

from __future__ import annotations

import pytest

from qres.errors import InputError
from qres.verify.against import compare_with, comparison_text
from qres.verify.against_qdk import ask_qdk, predict
from qres.verify.record import Tally

ISING = {"numQubits": 28, "tCount": 22074, "rotationCount": 84, "rotationDepth": 31}
TURNS = {"numQubits": 100, "rotationCount": 112_110, "rotationDepth": 2001}
RSA = {
    "numQubits": 12581,
    "tCount": 12,
    "rotationCount": 12,
    "rotationDepth": 12,
    "cczCount": 3_731_607_428,
    "measurementCount": 1_078_154_040,
}
PLAIN = {"numQubits": 100, "tCount": 1_000_000}
ROWS = [
    # counts, preset, budget, (qubits, ns) of its factory
    # | d, Q_alg, depth, T states, runtime in ns, factories, physical qubits
    (ISING, "qubit_gate_ns_e3", 1e-3, (18_000, 92_000),
     17, 72, 22_623, 23_334, 153_836_400, 14, 293_616),
    (ISING, "qubit_maj_ns_e6", 1e-3, (1_040, 14_100),
     5, 72, 22_623, 23_334, 33_934_500, 10, 19_904),
    (TURNS, "qubit_gate_ns_e3", 1e-3, (33_320, 120_000),
     19, 230, 152_130, 2_242_200, 1_156_188_000, 233, 7_929_620),
    (RSA, "qubit_gate_ns_e3", 0.333, (33_320, 128_800),
     27, 25_481, 12_272_976_456, 14_926_429_832, 132_548_145_724_800, 15, 37_651_098),
    (RSA, "qubit_gate_ns_e4", 0.333, (5_760, 72_800),
     13, 25_481, 12_272_976_456, 14_926_429_832, 63_819_477_571_200, 18, 8_716_258),
    (PLAIN, "qubit_gate_ns_e3", 1e-3, (18_000, 124_800),
     21, 230, 1_000_000, 1_000_000, 8_400_000_000, 15, 472_860),
]  # fmt: skip


def answer(factory, stretched_to=0, distance=0):
    """Return the parts of an answer that `predict` takes over: the factory, and a stretched run."""
    qubits, runtime = factory
    return {
        "tfactory": {"numTstates": 1, "runtime": runtime, "physicalQubits": qubits},
        "physicalCounts": {
            "breakdown": {
                "logicalDepth": stretched_to,
                "algorithmicLogicalDepth": 0,
                "numTfactories": 1,
            }
        },
        "logicalQubit": {"codeDistance": distance},
    }


@pytest.mark.parametrize("row", ROWS)
def test_recorded_answers(row):
    """Breaking it means: D3, D4, the fast block or the distance left Azure's estimator."""
    counts, preset, budget, factory, *expected = row
    found = predict(preset, counts, budget, answer(factory))
    names = ("code distance", "algorithm qubits", "logical depth", "T states", "runtime (ns)")
    assert [found[name] for name in (*names, "factories", "physical qubits")] == expected


def test_the_smallest_machine_of_its_frontier():
    """Breaking it means: a run stretched to one factory is counted otherwise.

    2,242,200 T states of 120 us each take 269.06 s: 29,246,087 steps of 23 * 400 ns. Its frontier
    runs from the row above (7,929,620 qubits) to 276,660, in 232 points.
    """
    steps = -(-2_242_200 * 120_000 // (23 * 400))
    assert steps == 29_246_087
    found = predict("qubit_gate_ns_e3", TURNS, 1e-3, answer((33_320, 120_000), steps, 23))
    assert (found["runtime (ns)"], found["factories"]) == (269_064_000_400, 1)
    assert found["physical qubits"] == 230 * 2 * 23**2 + 33_320 == 276_660


@pytest.mark.parametrize("n_inputs", [40, pytest.param(500, marks=pytest.mark.slow)])
def test_equal_to_the_qdk(n_inputs):
    """Breaking it means: our formulas or the installed estimator changed."""
    found = compare_with("qdk", n_inputs=n_inputs, seed=n_inputs)
    assert [item.quantity for item in found if not item.is_equal] == []
    assert {item.n_inputs for item in found} == {n_inputs}
    assert all(item.worst == 0 for item in found)


@pytest.mark.parametrize("n_inputs", [60, pytest.param(10_000, marks=pytest.mark.slow)])
def test_equal_to_qualtran(n_inputs):
    """Breaking it means: layouts, factories or their sums left Qualtran's classes."""
    found = compare_with("qualtran", n_inputs=n_inputs, seed=n_inputs)
    assert [item.quantity for item in found if not item.is_equal] == []
    assert {item.n_inputs for item in found} == {n_inputs}
    assert "DIFFERS" not in comparison_text("qualtran", found)


@pytest.mark.parametrize(
    ("preset", "change", "message"),
    [
        ("qubit_gate_ns_e3", {"tcount": 5}, "unknown key 'tcount'; did you mean 'tCount'"),
        ("qubit_gate_ns_e3", {"tCount": 1.5}, "tCount: expected a whole number from 0 on"),
        ("qubit_gate_ns_e3", {"tCount": -1}, "tCount: expected a whole number from 0 on"),
        ("qubit_gate_ns_e3", {"cczCount": 4 * 10**14}, "wraps around or hangs above 1e"),
        ("qubit_gate_us_e3", {"tCount": 9 * 10**13}, "beyond its 64 bits"),
        ("qubit_gate_ns_e3", {"numQubits": 0}, "numQubits: expected 10 or more"),
        ("qubit_gate_ns_e5", {}, "unknown qubits 'qubit_gate_ns_e5'; did you mean"),
    ],
)
def test_what_the_peer_gets_wrong_is_not_asked(preset, change, message):
    with pytest.raises(InputError, match=message):
        ask_qdk(preset, {"numQubits": 100, "tCount": 10**6, **change}, 1e-3)


def test_a_difference_is_found():
    tally = Tally("x", 1e-9)
    tally.add(1.0, 1.0)
    tally.add(1.0, 1.0 + 1e-6)
    tally.add(2.0, float("nan"))
    assert (tally.result().n_unequal, tally.result().is_equal) == (2, False)
    assert not Tally("y", 0.0).result().is_equal


def test_unknown_peers_are_refused():
    with pytest.raises(InputError, match="did you mean 'qualtran'"):
        compare_with("qualtrann")
    with pytest.raises(InputError, match="inputs: expected 1 or more"):
        compare_with("qdk", n_inputs=0)
