"""Answers of the QDK's estimator as written down, and that estimator itself on fresh inputs."""

from __future__ import annotations

import pytest

from qres.errors import InputError
from qres.verify.against import compare_with, comparison_text
from qres.verify.against_qdk import ask_qdk, predict
from qres.verify.record import Tally

ROWS = [
    # counts, preset, budget | d, Q_alg, depth, T states, runtime in ns
    ({"numQubits": 28, "tCount": 22074, "rotationCount": 84, "rotationDepth": 31},
     "qubit_gate_ns_e3", 1e-3, 17, 72, 22_623, 23_334, 153_836_400),
    ({"numQubits": 28, "tCount": 22074, "rotationCount": 84, "rotationDepth": 31},
     "qubit_maj_ns_e6", 1e-3, 5, 72, 22_623, 23_334, 33_934_500),
    ({"numQubits": 100, "rotationCount": 112_110, "rotationDepth": 2001},
     "qubit_gate_ns_e3", 1e-3, 19, 230, 152_130, 2_242_200, 1_156_188_000),
    ({"numQubits": 12581, "tCount": 12, "rotationCount": 12, "rotationDepth": 12,
      "cczCount": 3_731_607_428, "measurementCount": 1_078_154_040},
     "qubit_gate_ns_e3", 0.333, 27, 25_481, 12_272_976_456, 14_926_429_832, 132_548_145_724_800),
    ({"numQubits": 12581, "tCount": 12, "rotationCount": 12, "rotationDepth": 12,
      "cczCount": 3_731_607_428, "measurementCount": 1_078_154_040},
     "qubit_gate_ns_e4", 0.333, 13, 25_481, 12_272_976_456, 14_926_429_832, 63_819_477_571_200),
    ({"numQubits": 100, "tCount": 1_000_000},
     "qubit_gate_ns_e3", 1e-3, 21, 230, 1_000_000, 1_000_000, 8_400_000_000),
]  # fmt: skip

FACTORY = {"tfactory": {"numTstates": 1, "runtime": 50_000}}
UNSTRETCHED = {"physicalCounts": {"breakdown": {"logicalDepth": 0, "algorithmicLogicalDepth": 0}}}


@pytest.mark.parametrize("row", ROWS)
def test_recorded_answers(row):
    """Breaking it means: D3, D4, the fast block or the distance left Azure's estimator."""
    counts, preset, budget, distance, tiles, depth, states, runtime = row
    found = predict(preset, counts, budget, FACTORY | UNSTRETCHED)
    assert found["code distance"] == distance
    assert found["algorithm qubits"] == tiles
    assert found["logical depth"] == depth
    assert found["T states"] == states
    assert found["runtime (ns)"] == runtime


@pytest.mark.parametrize("n_inputs", [40, pytest.param(500, marks=pytest.mark.slow)])
def test_equal_to_the_qdk(n_inputs):
    """Breaking it means: our formulas or the installed estimator changed."""
    pytest.importorskip("qdk", reason="qdk is not installed")
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
