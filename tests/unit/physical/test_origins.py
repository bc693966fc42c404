"""Constants of shipped machines against the installed packages that their sources name."""

from __future__ import annotations

import pytest
from qdk import estimator
from qdk.qre import models
from qualtran.surface_code import PhysicalParameters, QECScheme

from qres.physical.machines import load_machine, machine_names

QUALTRAN = [
    # machine, their physical parameters, their scheme
    ("superconducting-1e-3", PhysicalParameters.make_gidney_fowler(), "gidney_fowler"),
    ("superconducting-1e-3-open", PhysicalParameters.make_gidney_fowler(), "gidney_fowler"),
    ("superconducting-1e-3-yoked", PhysicalParameters.make_gidney_fowler(), "gidney_fowler"),
    (
        "superconducting-1e-4",
        PhysicalParameters.make_beverland_et_al(optimistic_err_rate=True),
        "beverland_et_al",
    ),
    ("ion-1e-3", PhysicalParameters.make_beverland_et_al("ion"), "beverland_et_al"),
    (
        "ion-1e-4",
        PhysicalParameters.make_beverland_et_al("ion", optimistic_err_rate=True),
        "beverland_et_al",
    ),
]
QDK = {
    "superconducting-1e-4": "qubit_gate_ns_e4",
    "ion-1e-3": "qubit_gate_us_e3",
    "ion-1e-4": "qubit_gate_us_e4",
    "majorana-1e-4": "qubit_maj_ns_e4",
    "majorana-1e-6": "qubit_maj_ns_e6",
}
NEUTRAL = "neutral-atom-1e-3"


def near(value):
    return pytest.approx(value, rel=1e-12, abs=0)


@pytest.mark.parametrize(("name", "theirs", "scheme"), QUALTRAN)
def test_qualtrans_constants(name, theirs, scheme):
    machine, code = load_machine(name), getattr(QECScheme, f"make_{scheme}")()
    assert machine.physical_error == theirs.physical_error
    assert machine.cycle_time_s == near(theirs.cycle_time_us * 1e-6)
    assert (machine.prefactor, machine.threshold) == (
        code.error_rate_scaler,
        code.error_rate_threshold,
    )


@pytest.mark.parametrize("name", QDK)
def test_the_qdks_constants(name):
    """Its answer repeats what it was computed with."""
    machine = load_machine(name)
    asked = {"qubitParams": {"name": QDK[name]}}
    if machine.code == "floquet":
        asked["qecScheme"] = {"name": "floquet_code"}
    answer = estimator.LogicalCounts({"numQubits": 100, "tCount": 10_000}).estimate(asked)
    qubits, code = (answer["jobParams"][key] for key in ("qubitParams", "qecScheme"))
    one = qubits["oneQubitMeasurementErrorRate"]
    assert machine.physical_error == (one["readout"] if isinstance(one, dict) else one)
    assert machine.injection_error == qubits["tGateErrorRate"]
    assert (machine.prefactor, machine.threshold) == (
        code["crossingPrefactor"],
        code["errorCorrectionThreshold"],
    )
    measured = nanoseconds(qubits["oneQubitMeasurementTime"])
    if machine.code == "floquet":
        assert machine.cycle_time_s == near(3 * measured)
    else:
        gates = 4 * nanoseconds(qubits["twoQubitGateTime"])
        assert machine.cycle_time_s == near(gates + 2 * measured)


def nanoseconds(text):
    """Return seconds of `100 ns`."""
    number, unit = text.split()
    assert unit == "ns"
    return float(number) * 1e-9


def test_the_neutral_atoms_of_the_qdk():
    """A round: H, four CNOT of a Rydberg gate and two others, a measurement."""
    atom, code, machine = models.NeutralAtom(), models.SurfaceCode(), load_machine(NEUTRAL)
    cnot = atom.rydberg_time + 2 * atom.one_qubit_time
    gates = code.one_qubit_gate_depth * atom.one_qubit_time + code.two_qubit_gate_depth * cnot
    assert machine.cycle_time_s == near((gates + atom.measurement_time) * 1e-9)
    worst = max(atom.rydberg_error, atom.one_qubit_error, atom.measurement_error)
    assert machine.physical_error == worst
    assert (machine.prefactor, machine.threshold) == (
        code.crossing_prefactor,
        code.error_correction_threshold,
    )


def test_every_shipped_machine_is_compared():
    compared = {name for name, *_ in QUALTRAN} | set(QDK) | {NEUTRAL}
    assert compared == set(machine_names())
