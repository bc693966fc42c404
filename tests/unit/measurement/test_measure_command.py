"""`qres measure`: the arithmetic from the file, the density in the terminal, figures."""

import json
import re
from dataclasses import replace

import pytest

from qres.cli.progress import _Lines
from qres.config.load import load_scenario
from qres.errors import InputError
from qres.measurement.record import Measurement
from qres.notation.quantity import Quantity
from qres.report.figures.measurement import draw_measurement
from qres.report.figures.spectrum import draw_density
from qres.report.spectrum import density_text

SETTINGS = {
    "precision": "float32",
    "device": "cpu",
    "threads": 2,
    "micro_batch": 64,
    "basis": "disk",
}


def test_settings_reach_the_scenario_and_change_nothing_by_default():
    plain = load_scenario("digits-mlp")
    assert plain.measure.arithmetic == {}
    changed = load_scenario(
        "digits-mlp", overrides=[(f"measure.{key}", value) for key, value in SETTINGS.items()]
    )
    assert changed.measure.arithmetic == SETTINGS
    assert changed.scenario_id != plain.scenario_id
    assert "precision" not in plain.raw["measure"]


@pytest.mark.parametrize("key", SETTINGS)
def test_matrices_have_no_use_for_them(key):
    with pytest.raises(InputError, match="has no use for it"):
        load_scenario("poisson-2d", overrides=[(f"measure.{key}", SETTINGS[key])])


@pytest.mark.parametrize(
    ("key", "value"), [("precision", "float16"), ("basis", "tape"), ("micro_batch", 0)]
)
def test_wrong_settings_are_refused(key, value):
    with pytest.raises(InputError, match=f"measure.{key}"):
        load_scenario("digits-mlp", overrides=[(f"measure.{key}", value)])


def _measurement(**facts):
    return Measurement(subject="network", values={}, details={"seed": 0, **facts})


DENSITY = {"nodes": [[0.0, 8.0], [0.0, 8.0]], "weights": [[0.9, 0.1], [0.7, 0.3]]}


def test_density_in_the_terminal():
    """Sixteen bins of 0.5 from 0 to 8: the first holds 0.8, the last 0.2, the others nothing.

    The share of a random direction of 1,000 has variance 2/1002 x 0.8 x 0.2, of two half of that:
    0.0126 either way, 0.025 at 95 %.
    """
    measurement = replace(
        _measurement(density=DENSITY), values={"n_active": Quantity(value=1000, source="here")}
    )
    lines = density_text(measurement, width=80).splitlines()
    assert len(lines) == 17
    for line, place, mass in ((lines[1], "0.25", 0.8), (lines[-1], "7.75", 0.2)):
        assert line.split()[0] == place
        found = [float(text) for text in re.findall(r"[\d.]+", line.partition("#")[2])]
        assert found == pytest.approx([mass, mass - 0.025, mass + 0.025], abs=0.004)
    assert not any("#" in line for line in lines[2:-1])
    assert lines[1].count("#") > lines[-1].count("#") > 0
    assert all(len(line) <= 80 for line in lines)
    assert density_text(_measurement()) == ""


@pytest.mark.slow
def test_figures(tmp_path):
    proxy = {"proxy": [1.0, 0.9], "proxy_low": [1.0, 0.8], "proxy_high": [1.0, 0.95]}
    labels = [
        draw_measurement(_measurement(**facts)).axes[0].get_xlabel()
        for facts in ({"density": DENSITY, **proxy}, proxy)
    ]
    assert labels == ["eigenvalue of the Hessian", "training step t"]
    with pytest.raises(InputError, match="none was sampled"):
        draw_density(_measurement())
    from qres.cli.figures import write_measurement

    write_measurement(tmp_path / "a.svg", _measurement(density=DENSITY))
    assert b"<svg" in (tmp_path / "a.svg").read_bytes()
    write_measurement(tmp_path / "a.json", _measurement(**proxy))
    assert json.loads((tmp_path / "a.json").read_text())["details"]["proxy"] == [1.0, 0.9]


def test_time_left_without_a_terminal(monkeypatch, capsys):
    """Ten of a hundred steps in 40 s after the first: 9.9 more times ten steps at 4.4 s each."""
    clock = iter([0.0, 0.0, 0.0, 10.0, 40.0, 40.0, 41.0])
    monkeypatch.setattr("qres.cli.progress.time.monotonic", lambda: next(clock))
    lines = _Lines()
    for done in (1, 5, 10, 11):
        lines("Lanczos", done, 100)
    assert capsys.readouterr().err.splitlines() == [
        "qres: Lanczos ...",
        "qres: Lanczos 10/100, about 400 s left",
    ]


def test_a_partial_measurement_is_not_estimated_with(tmp_path):
    file = tmp_path / "m.json"
    file.write_text(json.dumps(_measurement(partial=True).to_dict()))
    from qres.measurement.measure import measure_scenario

    scenario = load_scenario(
        {
            "model": {"measurement": str(file)},
            "algorithm": {"name": "carleman-gd", "n_steps": 5, "learning_rate": 0.1},
        }
    )
    with pytest.raises(InputError, match="a partial measurement; 'qres measure' completes it"):
        measure_scenario(scenario)
