"""Figures: what is drawn is what was computed, names fit, vectors keep text, styles stay apart."""

import io

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.mathtext import MathTextParser

import qres
from qres.errors import InfeasibleError, InputError
from qres.notation.symbols import _TABLE
from qres.report.figures.elasticities import _label
from qres.report.figures.parts import split_cost
from qres.report.figures.style import COLORS, STYLE


@pytest.fixture(scope="module")
def report():
    return qres.estimate("liu-2024-7m-assumed")


@pytest.fixture(scope="module")
def elasticities(report):
    return qres.differentiate(report)


@pytest.fixture(scope="module")
def comparison():
    return qres.compare_solvers(np.geomspace(2, 1e4, 60), epsilon=0.01, xi=2.0)


@pytest.mark.parametrize("width", [3.4, 7.0])
@pytest.mark.parametrize("name", ["liu-2024-7m-assumed", "poisson-2d"])
def test_names_in_a_flame_graph_fit_their_boxes(name, width):
    figure = qres.estimate(name).draw_flame(width=width)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    boxes = [bar.get_window_extent() for bar in axes.patches]
    assert axes.texts
    for text in axes.texts:
        name_box = text.get_window_extent()
        assert any(
            box.x0 <= name_box.x0 and name_box.x1 <= box.x1 and box.y0 <= name_box.y0 + 1
            for box in boxes
        ), text.get_text()


def test_a_flame_graph_is_to_scale(report):
    figure = report.draw_flame()
    stages = split_cost(report)
    whole = sum(stage.size for stage in stages)
    row = [bar for bar in figure.axes[0].patches if bar.get_y() == 0.5]
    assert [bar.get_width() for bar in row] == pytest.approx(
        [100 * stage.size / whole for stage in stages]
    )
    assert row[-1].get_x() + row[-1].get_width() == pytest.approx(100)


def test_stages_without_a_name_are_listed(report):
    figure = report.draw_flame()
    named = {text.get_text().replace("\n", " ") for text in figure.axes[0].texts}
    listed = figure.get_supxlabel()
    for stage in split_cost(report):
        assert stage.name in listed or any(stage.name in name for name in named)


def test_vectors_keep_text_as_text(report, comparison, elasticities):
    for figure, word in (
        (report.draw_flame(), "matrix queries"),
        (comparison.draw(), "shortcut (proven)"),
        (elasticities.draw(), "elasticity of the magic states,"),
    ):
        stream = io.StringIO()
        figure.savefig(stream, format="svg")
        assert f">{word}</text>" in stream.getvalue()


def test_drawing_leaves_the_session_alone(report):
    before = dict(mpl.rcParams)
    report.draw_flame().savefig(io.BytesIO(), format="png")
    assert dict(mpl.rcParams) == before


def test_the_style_can_be_used():
    with mpl.rc_context():
        qres.use_style()
        assert {name: mpl.rcParams[name] for name in STYLE if name != "figure.figsize"} == {
            name: value for name, value in STYLE.items() if name != "figure.figsize"
        }
        assert [item["color"] for item in mpl.rcParams["axes.prop_cycle"]] == list(COLORS)


def test_what_is_proven_is_solid(comparison):
    lines = [line for line in comparison.draw().axes[0].lines if "(" in str(line.get_label())]
    assert len(lines) == len(comparison.curves)
    for line in lines:
        is_proven = "(proven)" in str(line.get_label())
        assert line.get_linestyle() == ("-" if is_proven else "--"), line.get_label()
    assert len({line.get_color() for line in lines}) == len(lines)


def test_crossovers_are_between_proven_solvers(comparison):
    proven = {curve.solver for curve in comparison.curves if curve.kind == "proven"}
    assert comparison.crossovers
    for kappa_eff, before, after in comparison.crossovers:
        assert {before, after} <= proven
        row = comparison.to_frame()[sorted(proven)].loc[kappa_eff:].iloc[0]
        assert row.idxmin() == after


def test_bars_are_the_elasticities(elasticities):
    frame = elasticities.to_frame()
    bars = elasticities.draw().axes[0].patches
    widths = sorted(bar.get_width() for bar in bars)
    kept = frame["magic_states"][frame["magic_states"].abs() > 0.005]
    assert widths == pytest.approx(sorted(kept))


def test_every_letter_can_be_drawn():
    parser = MathTextParser("agg")
    for info in _TABLE:
        parser.parse(_label(info.name))


def test_displays_are_tables(elasticities, comparison):
    assert "n_active" in elasticities._repr_html_()
    assert "shortcut" in comparison._repr_html_()


def test_what_cannot_be_drawn_says_why(report, elasticities):
    with pytest.raises(InputError, match=r"unknown cost 'magic'.*magic_states"):
        elasticities.draw("magic")
    with pytest.raises(InputError, match="it needs a network"):
        report.draw_model_error()
    with pytest.raises(InputError, match="no spectrum was measured; it needs a network"):
        report.draw_measurement()
    # beyond any machine, so that no time has an elasticity
    with pytest.raises(InputError, match="no symbol moves runtime_s"):
        elasticities.draw("runtime_s")


def test_a_report_without_a_price_is_refused(report):
    from dataclasses import replace

    empty = replace(report, job=None, priced=None, failure=("solver x", "kappa_eff is too large"))
    with pytest.raises(InfeasibleError, match="solver x: kappa_eff is too large"):
        empty.draw_flame()
    with pytest.raises(InfeasibleError, match="solver x: kappa_eff is too large"):
        qres.differentiate(empty)
