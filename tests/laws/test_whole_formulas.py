"""Totals as formulas: they are what the job counts, at two depths, with an honest headline."""

from __future__ import annotations

import numpy as np
import pytest

import qres
from qres.algorithms.totals import QUANTITIES, job_formula
from qres.algorithms.whole import WHOLE
from qres.errors import InputError, OutsideError
from qres.logical.formulas import count_stages, total
from qres.notation.symbols import describe, symbol

NUMBER = 20261121
"""Seed of the fresh points, another than that of the search."""

SETTINGS = {
    "linear-system": ("poisson-2d", {"algorithm__encoding": "sparse"}),
    "carleman-gd": ("digits-mlp", {}),
}
"""Shipped models; what they leave open ends at the choice that the whole formulas stand for."""

CHOSEN = {
    "linear-system": {"encoding": "sparse"},
    "carleman-gd": {"encoding": "frobenius", "degree": 1, "segments": 1},
}


RENAMED = {
    "linear-system": {
        "success_prob": 1,
        "alpha": symbol("alpha_matrix"),
        "index_width": symbol("index_bits"),
    },
    "carleman-gd": {
        "dim": symbol("n_active"),
        "alpha_matrix": symbol("frobenius_norm"),
        "segment_steps": symbol("n_steps"),
        "segments": 1,
    },
}
"""What the whole formulas write in place of a symbol of the job."""


def near(value):
    """Return what equals a float but for its last digits."""
    return pytest.approx(value, rel=1e-14, abs=0)


def counted(job):
    """Return the numbers of a job's symbols and its totals as the logical storey counts them."""
    numbers = job.evaluate()
    cost = total(count_stages(job, numbers), numbers)
    return numbers, {quantity: getattr(cost, quantity) for quantity in QUANTITIES}


@pytest.fixture(scope="module", params=SETTINGS)
def real(request):
    """Return (algorithm, job of a real estimate)."""
    name, overrides = SETTINGS[request.param]
    job = qres.estimate(name, **overrides).job
    assert job.choices.items() >= CHOSEN[request.param].items()
    assert (job.choices["solver"], job.choices["data_access"]) == ("shortcut", "qroam")
    assert job.choices["readout"] == "tomography-coherent"
    return request.param, job


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_a_whole_formula_is_the_total_of_a_real_job(real, quantity):
    algorithm, job = real
    numbers, expected = counted(job)
    formula = qres.formula(f"{algorithm}.{quantity}")
    given = {name: numbers[name] for name in formula.inputs}
    found = formula(**given)
    assert found == expected[quantity]
    assert isinstance(found, int)
    assert formula.full()(**given) == expected[quantity]
    known = formula.numbers(**given)
    for name in {name for name, _ in formula.parts} & numbers.keys():
        # where P = 1 is put in, sqrt(3 + 2 P) is sqrt(5): the last digit of a float may differ
        is_float = isinstance(known[name], float)
        assert known[name] == (near(numbers[name]) if is_float else numbers[name]), name


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_a_whole_formula_is_the_formula_of_that_job(real, quantity):
    algorithm, job = real
    own, whole = job_formula(job, quantity), qres.formula(f"{algorithm}.{quantity}")
    assert own.name == whole.name
    assert own.unit == whole.unit
    renamed = {symbol(name): value for name, value in RENAMED[algorithm].items()}
    assert own.expression.xreplace(renamed) == whole.expression
    assert dict(own.parts).keys() - RENAMED[algorithm].keys() <= dict(whole.parts).keys()


@pytest.mark.parametrize("name", WHOLE)
def test_no_part_only_renames_what_is_certain(name):
    for key, part in qres.formula(name).parts:
        assert not part.expression.is_Atom or (key, part.kind) == ("flag_prob", "assumed")


@pytest.mark.slow
@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("depth", ["working", "headline"])
def test_every_letter_is_defined_or_an_input(name, depth):
    formula = qres.formula(name)
    shown = formula.headline if depth == "headline" else formula
    known = {*formula.inputs, *dict(shown.parts)}
    for expression in (shown.expression, *(part.expression for _, part in shown.parts)):
        assert {str(item) for item in expression.free_symbols} <= known
    text = formula.block(depth)
    for key, part in shown.parts:
        assert f"${describe(key).latex}$: " in text, key
        assert part.source.paper is None or f"{{{part.source.paper.key}}}" in text, key


@pytest.mark.parametrize("name", WHOLE)
def test_every_input_has_a_range_or_may_be_any_number(name):
    formula = qres.formula(name)
    free = {"lambda_max", "lambda_min", "path_energy", "padding", "block_limit"}
    ruled = {str(s) for c in formula.conditions for s in c.expression.free_symbols}
    assert set(formula.inputs) - free <= ruled


def test_the_block_of_a_width_is_that_of_the_look_up_printed_with_it():
    text = qres.formula("linear-system.logical_qubits").block()
    assert r"K \text{ of } \operatorname{look}(M, b, c)" in text
    assert r"\operatorname{look}(M, b, c) = \min_{K = 2^k < M" in text


def test_outside_of_a_range_is_refused():
    formula = qres.formula("linear-system.rotations")
    point = {key: low for key, (low, _) in formula.headline.ranges.items()}
    for name, value in {"dim": 0, "sparsity": 0, "max_entry": 0.0}.items():
        with pytest.raises(OutsideError, match=name):
            formula(**{**point, name: value})


def test_every_job_has_its_totals_as_formulas(member):
    numbers, expected = counted(member.job)
    for quantity, count in expected.items():
        formula = job_formula(member.job, quantity)
        assert set(formula.inputs) <= member.job.values.keys()
        assert formula(**{name: numbers[name] for name in formula.inputs}) == count, quantity


def test_every_job_has_its_totals_over_arrays(member):
    numbers, expected = counted(member.job)
    formula = job_formula(member.job, "toffoli")
    scalars = {name: numbers[name] for name in formula.inputs}
    name = next((n for n in formula.inputs if n.startswith("share_")), formula.inputs[0])
    both = formula(**{**scalars, name: np.array([scalars[name], scalars[name]], dtype=float)})
    assert both == pytest.approx([expected["toffoli"]] * 2, rel=1e-9)


def test_an_unknown_total_is_refused(real):
    with pytest.raises(InputError, match="unknown total 'tofoli'; did you mean 'toffoli'"):
        job_formula(real[1], "tofoli")


@pytest.mark.slow
@pytest.mark.parametrize("name", WHOLE)
def test_the_headline_error_holds_at_fresh_points(name):
    headline = qres.formula(name).headline
    points = headline.points(1000, np.random.default_rng(NUMBER))
    deviation = headline.deviation(points)
    assert deviation.shape == (1000,)
    assert deviation.max() <= headline.error
    # neither empty nor idle: it is far off nowhere, and somewhere it is off by half of that
    assert headline.error / 2 < deviation.max()
    assert headline.error < 0.5


@pytest.mark.parametrize("name", WHOLE)
def test_the_headline_says_where_it_holds(name):
    formula = qres.formula(name)
    headline = formula.headline
    assert set(headline.ranges) == set(formula.inputs) - formula.defaults.keys()
    assert all(0 < low < high for low, high in headline.ranges.values())
    assert "infinity" in headline.limit
    free = {str(item) for item in headline.expression.free_symbols}
    assert free <= {*formula.inputs, *dict(formula.parts)}
    assert headline.latex().startswith(rf"{formula.letter} \approx ")
    printed = formula.block("headline")
    for text in (printed, formula.markdown("headline")):
        assert "(largest found at 3,000 random points and by a search" in text
        assert "at most" not in text.partition("(largest")[0]
    limit = printed.partition("Leading order for ")[2].partition("\n")[0]
    assert "allowbreak" not in limit
    assert "_" not in limit.replace(r"\kappa_{\mathrm{eff}}", "")
    assert ("kappa" in limit) == ("kappa_eff" in dict(formula.parts))


def test_a_point_of_the_range_is_an_input_of_the_formula():
    for name in WHOLE:
        formula = qres.formula(name)
        points = formula.headline.points(3, np.random.default_rng(NUMBER))
        for column in range(3):
            point = {key: row[column].item() for key, row in points.items()}
            exact = formula(**point)
            assert abs(formula.headline(**point) / exact - 1) <= formula.headline.error


@pytest.mark.parametrize("name", WHOLE)
def test_the_pedigree_is_no_stronger_than_the_tomography(name):
    formula = qres.formula(name)
    parts = dict(formula.parts)
    if "copies" in parts:
        assert (formula.kind, formula.bound) == ("asymptotic", "lower")
    else:
        assert formula.kind == "assumed"
