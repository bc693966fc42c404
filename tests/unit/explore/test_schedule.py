"""The scheduler of Newton steps on runs written by hand: its prices, its choice, its ladder."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import qres
from qres.classical.devices import load_device
from qres.classical.newton import (
    price_alone,
    price_choosing,
    price_norm,
    price_scheduled,
    price_solves,
)
from qres.config.record import ErrorTarget
from qres.explore.schedule import _break_even, schedule
from qres.explore.schedule_verdict import judge_schedule
from qres.notation.quantity import Quantity
from qres.physical.machines import load_machine
from qres.staircase import estimate

DEVICE = load_device("h200")
MACHINES = tuple(load_machine(name) for name in ("superconducting-1e-3", "superconducting-1e-4"))
ERROR = ErrorTarget(total=0.1, fail_prob=0.05)


@pytest.fixture(scope="module")
def price(hand_made):
    """Return the schedule of a run, at settings that keywords change."""

    def priced(run, **changes):
        asked = replace(hand_made.asked, **changes)
        return schedule(run, asked, ERROR, MACHINES, DEVICE, "runtime")

    return priced


@pytest.mark.slow
def test_a_system_costs_what_linear_system_says(hand_made, price):
    """One block, one step: the same estimate by another door, Toffoli for Toffoli."""
    item = hand_made.random_block("w", 12, seed=1)
    found = price(hand_made.run_of(item)).decisions[0].quantum
    names = ("dim", "sparsity", "max_entry", "frobenius_norm", "norm", "smallest_singular_value")
    given = {name: float(item.values[name]) for name in (*names, "solution_overlap")}
    given |= {"dim": 12, "sparsity": 12}
    report = estimate(
        {
            "schema": "qres-model/1",
            "model": {"given": given},
            "algorithm": {"name": "linear-system", "solver": "shortcut"},
            "error": {"total": 0.1, "fail_prob": 0.05},
            "hardware": [machine.name for machine in MACHINES],
        }
    )
    logical = report.to_dict()["logical"]
    assert found.toffoli == pytest.approx(logical["toffoli"]["value"], rel=1e-9)
    assert found.t == pytest.approx(logical["t"]["value"], rel=1e-6)
    assert found.logical_qubits == logical["logical_qubits"]["value"]
    times = {row["hardware"]: row["runtime_s"]["value"] for row in report.to_dict()["physical"]}
    assert found.runtime_s == pytest.approx(times, rel=1e-6)


@pytest.mark.slow
def test_many_systems_at_once_cost_what_they_cost_alone(hand_made, price):
    items = [hand_made.random_block(f"w{dim}", dim, seed=dim) for dim in (5, 12, 33)]
    together = price(hand_made.run_of(*items))
    share = replace(ERROR, fail_prob=ERROR.fail_prob / 3)
    for item, decision in zip(items, together.decisions, strict=True):
        alone = schedule(
            hand_made.run_of(item), hand_made.asked, share, MACHINES, DEVICE, "runtime"
        )
        same = replace(alone.decisions[0].quantum, reasons=decision.quantum.reasons)
        assert decision.quantum == same  # why a machine cannot is said once, for the first


@pytest.mark.slow
def test_the_failure_probability_is_split_over_all_solves(hand_made, price):
    """Ten times the systems: each may fail a tenth as often, which costs more."""
    item = hand_made.random_block("w", 12, seed=1)
    one, ten = price(hand_made.run_of(item)), price(hand_made.run_of(item, n_steps=10))
    assert ten.decisions[0].quantum.toffoli > one.decisions[0].quantum.toffoli


def test_the_schedule_is_never_slower_than_a_single_route(hand_made, price):
    blocks = [hand_made.random_block(f"w{dim}", dim, seed=dim) for dim in (3, 40, 200)]
    square = replace(hand_made.random_block("v", 200, seed=1), factor_rows=300, inverse_steps=0)
    blocks.append(square)
    found = price(hand_made.run_of(*blocks, n_steps=2))
    names = {route.name for decision in found.decisions for route in decision.routes}
    assert {"quantum", "LDL^T", "Cholesky", "CG", "CG by products"} == names
    for name in names:
        assert found.scheduled_s <= found.single_route_s(name) * (1 + 1e-12)
    assert found.scheduled_s <= found.quantum_s * (1 + 1e-12)
    for name in found.alone_names:
        assert found.classical_s <= found.alone_route_s(name) * (1 + 1e-12)


def row_by_hand(hand_made, **changes):
    item = hand_made.random_block("w", 1000, seed=4)
    work = {**item.work, "form": 1e12, "lanczos": 2e9}
    return replace(item, work=work, lanczos_steps=30, **changes)


def test_every_route_of_a_scheduler_pays_for_the_choice_and_no_other(hand_made, price):
    """A row by hand: d = 1000, a square of 3000 rows; 1e12 operations to form, 2e9 in 30 steps of Lanczos.

    Rate .4 * 67 TFLOP/s, 5 us a launch. Before the choice 1e12 + 1000 + 2e9 operations in 31 launches,
    one of them for all but Lanczos, 37.543 ms in all (2e9 take 75 us, reading 240 MB 50 us); then Cholesky
    takes 1e9/3, or 16 MB over 4.8 TB/s, which is less. Alone it takes the first without Lanczos; CG by
    products prepares nothing: each moves 14 vectors of 8 kB, more than its 1.1e5 operations take.
    """
    item = row_by_hand(hand_made, factor_rows=3000, inverse_steps=0)
    rate, launch = 0.4 * 67e12, 5e-6
    found = price(hand_made.run_of(item)).decisions[0]
    choosing_s = 31 * launch + (1e12 + 1000 + 2e9) / rate
    assert choosing_s == pytest.approx(37.543e-3, rel=1e-4)
    assert len(found.routes) == 4
    for route in found.routes:
        assert route.prepare_s == pytest.approx(choosing_s, rel=1e-12)
    routes, alone = ({r.name: r for r in some} for some in (found.routes, found.alone))
    assert set(routes) == {"quantum", "Cholesky", "CG", "CG by products"}
    assert routes["Cholesky"].solve_s == pytest.approx(launch + 1e9 / 3 / rate, rel=1e-12)
    formed_s = launch + (1e12 + 1000) / rate
    for name in ("Cholesky", "CG"):
        assert alone[name].prepare_s == pytest.approx(formed_s, rel=1e-12)
        assert alone[name].solve_s == routes[name].solve_s
    assert alone["CG by products"].prepare_s == 0
    assert found.route.name == "Cholesky"
    assert found.unscheduled.name == "CG by products"
    kappa = float(item.values["kappa"])
    steps = math.ceil(math.sqrt(kappa) / 2 * math.log(2 * math.sqrt(kappa) / 0.1))
    solve_s = steps * (launch + 14 * 8e3 / 4.8e12)
    assert found.unscheduled.total_s == pytest.approx(solve_s, rel=1e-12)


def test_what_needs_no_matrix_needs_the_scale_of_its_damping(hand_made):
    """2.68e9 operations at 26.8 TFLOP/s are 100 us, after a launch of 5; Woodbury has the factor too.

    10 rows of 40: of the 1e6 operations that form the square 2 * 10 * 1600 square the factor.
    """
    item = replace(hand_made.random_block("w", 40, seed=3), factor_rows=10, inverse_steps=0)
    times = []
    for scale in (0.0, 9e5, 2.68e9):
        scaled = replace(item, work={**item.work, "scale": scale})
        solves = price_solves(scaled, DEVICE, epsilon=0.1, is_pruned=False)
        found = {cost.method: before for cost, before in price_alone(solves, DEVICE)}
        times.append((found["CG by products"], found["Woodbury"]))
    written_s = 5e-6 + 968_000 / 26.8e12
    expected = [(0, written_s), (5e-6 + 9e5 / 26.8e12, written_s), (105e-6, 105e-6)]
    np.testing.assert_allclose(times, expected, rtol=1e-12)


def test_a_product_through_the_network_reads_no_factor(hand_made):
    """5000 rows of 1000 numbers are 40 MB; a step that reads them twice takes 80 MB/4.8 TB/s longer."""
    item = row_by_hand(hand_made, factor_rows=5000, inverse_steps=0, is_dense=False)
    item = replace(item, work={**item.work, "lanczos": 0.0})
    kept, not_kept = (
        price_choosing(replace(item, has_rows=has_rows), DEVICE) for has_rows in (True, False)
    )
    assert kept - not_kept == pytest.approx(30 * 80e6 / 4.8e12, rel=1e-9)


def test_the_paper_prices_what_the_honest_policy_cannot_and_the_reason_is_told(hand_made, price):
    item = hand_made.random_block("w", 12, seed=1)
    smallest = replace(item.values["smallest_singular_value"], low=0.0, high=1.0)
    item = replace(item, values={**item.values, "smallest_singular_value": smallest})
    found = price(hand_made.run_of(item), policy="paper")
    assert found.decisions[0].routes[0].reason == ""
    reason = "nothing bounds kappa: the smallest singular value may be zero"
    assert judge_schedule(found, ()).reason == f"w of step 0: {reason}"


@pytest.mark.parametrize(("factor_rows", "prune"), [(0, 0.0), (3000, 0.5)])
def test_what_was_factorised_before_the_choice_is_not_factorised_again(
    hand_made, price, factor_rows, prune
):
    """The row above as a Hessian, or pruned, with 10 steps on the inverse: 11 launches more to choose.

    They take 1e9/3 operations; then each of the 10 reads 8 MB, all the vectors before it 8 kB each and
    twice, 80.8 MB in 16.8 us, beside .75 us of arithmetic. Then 2e6 to substitute, which moves
    8 MB, 1.67 us, beside .07 us of arithmetic. Alone nothing of it is charged.
    """
    item = row_by_hand(hand_made, factor_rows=factor_rows, inverse_steps=10)
    rate, launch = 0.4 * 67e12, 5e-6
    found = price(replace(hand_made.run_of(item), prune=prune)).decisions[0]
    choosing_s = 42 * launch + (1e12 + 1000 + 2e9 + 1e9 / 3) / rate + 80.8e6 / 4.8e12
    for route in found.routes:
        assert route.prepare_s == pytest.approx(choosing_s, rel=1e-12)
    routes, alone = ({r.name: r for r in some} for some in (found.routes, found.alone))
    assert routes["LDL^T"].solve_s == pytest.approx(launch + 8e6 / 4.8e12, rel=1e-12)
    assert "Cholesky" not in routes
    assert "LDL^T" not in alone
    assert alone["Cholesky"].solve_s == pytest.approx(launch + 1e9 / 3 / rate, rel=1e-12)
    assert alone["Cholesky"].prepare_s == pytest.approx(launch + (1e12 + 1000) / rate, rel=1e-12)
    assert found.route.name == "LDL^T"


def test_a_matrix_that_was_not_formed_was_not_factorised(hand_made):
    item = replace(hand_made.random_block("w", 40, seed=3), is_dense=False, inverse_steps=0)
    solves = price_solves(item, DEVICE, epsilon=0.1, is_pruned=False)
    assert [cost.method for cost in price_scheduled(solves, item, DEVICE)] == ["CG by products"]


@pytest.mark.parametrize("policy", ["honest", "paper"])
def test_a_quantum_solve_pays_for_entries_that_nothing_else_needs(hand_made, price, policy):
    """d = 12: a Hessian that was not formed takes 12 products of 1e12 operations, 448 ms at 26.8 TFLOP/s."""
    item = hand_made.random_block("w", 12, seed=1)
    work = {**item.work, "form": 0.0, "product": 1e12, "frobenius": 0.0}
    item = replace(item, work=work, inverse_steps=0)
    found = [
        price(hand_made.run_of(block), policy=policy, encoding="frobenius").decisions[0]
        for block in (item, replace(item, is_dense=False))
    ]
    written_s = 5e-6 + 12e12 / (0.4 * 67e12)
    sides = [decision.quantum.side_s for decision in found]
    assert sides[1] - sides[0] == pytest.approx(written_s, rel=1e-9)
    times = [decision.routes[0].solve_s for decision in found]
    assert times[1] - times[0] == pytest.approx(written_s, rel=1e-4)
    assert found[1].routes[1].name == "CG by products"  # which is not charged for them


@pytest.mark.parametrize(
    ("encoding", "norm_s"), [("frobenius", 5e-6 + 1e12 / 26.8e12), ("sparse", 0)]
)
def test_probes_of_a_norm_are_paid_by_the_encoding_that_scales_by_it(
    hand_made, price, encoding, norm_s
):
    """1e12 operations at 26.8 TFLOP/s after a launch; a matrix that was formed has its norm for nothing."""
    item = replace(hand_made.random_block("w", 12, seed=1), inverse_steps=0, is_dense=False)
    cheap, dear = (
        replace(item, work={**item.work, "product": 0.0, "frobenius": flops})
        for flops in (0.0, 1e12)
    )
    free, paid = (
        price(hand_made.run_of(block), encoding=encoding).decisions[0] for block in (cheap, dear)
    )
    found = paid.quantum.side_s - free.quantum.side_s
    assert found == pytest.approx(norm_s, rel=1e-9, abs=1e-15)
    assert paid.routes[0].prepare_s == free.routes[0].prepare_s
    assert [route.total_s for route in paid.alone] == [route.total_s for route in free.alone]
    assert price_norm(dear, DEVICE) == pytest.approx(5e-6 + 1e12 / 26.8e12, rel=1e-12)
    assert price_norm(replace(dear, is_dense=True), DEVICE) == 0


@pytest.mark.slow
def test_woodbury_where_the_factor_is_short(hand_made, price):
    """20 rows of 400 columns: 2 * 400 * 400 + 8000/3 + 4 * 20 * 400 operations, by hand 354,667."""
    item = replace(hand_made.random_block("w", 400, seed=3), factor_rows=20, inverse_steps=0)
    routes = {route.name: route for route in price(hand_made.run_of(item)).decisions[0].routes}
    assert "Woodbury" in routes
    flops = 2 * 20**2 * 400 + 20**3 / 3 + 4 * 20 * 400
    traffic = 8 * (3 * 20 * 400 + 2 * 20**2)
    rate = 0.4 * 67e12
    seconds = 4 * DEVICE.latency_s + max(flops / rate, traffic / DEVICE.bandwidth)
    assert routes["Woodbury"].solve_s == pytest.approx(seconds, rel=1e-12)
    assert qres.formula("newton.woodbury.flops")(dim=400, factor_rows=20) == pytest.approx(flops)


def test_the_named_formulas_are_what_routes_are_priced_by(hand_made):
    """Two storeys count the same operations, because the lower one may not read formulas."""
    item = hand_made.random_block("w", 40, seed=3)
    values = {**item.values, "kappa": Quantity(value=900.0, kind="measured")}
    item = replace(item, values=values, work={**item.work, "product": 0.0})
    solves = price_solves(item, DEVICE, epsilon=0.1, is_pruned=False)
    route = {cost.method: cost for cost, _ in price_alone(solves, DEVICE)}
    steps = qres.formula("newton.cg.iterations")(kappa=900, epsilon=0.1)
    assert steps == math.ceil(15 * math.log(600))  # sqrt(900)/2 ln(2 sqrt(900)/.1) = 95.95
    assert route["CG by products"].flops == steps * 10 * 40
    assert route["Cholesky"].flops == pytest.approx(qres.formula("newton.cholesky.flops")(dim=40))
    factored, square = replace(item, inverse_steps=1), replace(item, inverse_steps=0)
    unbound = replace(DEVICE, bandwidth=math.inf)
    more_s = price_choosing(factored, unbound) - price_choosing(square, unbound)
    solved = qres.formula("newton.substitution.flops")(dim=40) + 2 * 40
    more = qres.formula("newton.ldl.flops")(dim=40) + solved
    work_s = more_s - 2 * DEVICE.latency_s
    assert work_s * 0.4 * DEVICE.fp64_flops == pytest.approx(more, rel=1e-6)
    (direct, *_) = price_scheduled(solves, item, DEVICE)
    assert direct.flops == qres.formula("newton.substitution.flops")(dim=40)


@pytest.mark.slow
def test_pruned_systems_have_no_route_that_ignores_the_pruning(hand_made, price):
    item = replace(hand_made.random_block("w", 40, seed=3), factor_rows=5, inverse_steps=9)
    run = replace(hand_made.run_of(item), prune=0.5)
    found = price(run).decisions[0]
    assert {route.name for route in found.routes} == {"quantum", "LDL^T", "CG"}
    assert {route.name for route in found.alone} == {"Cholesky", "CG"}


@pytest.mark.slow
def test_an_indefinite_system_has_lu_ldl_and_the_normal_equations(hand_made, price):
    rng = np.random.default_rng(5)
    root = rng.normal(size=(20, 20))
    item = replace(
        hand_made.block("w", root @ root.T + np.eye(20), rng.normal(size=20)), is_definite=False
    )
    found = price(hand_made.run_of(item)).decisions[0]
    assert {route.name for route in found.routes} == {"quantum", "LDL^T", "CGNR"}
    assert {route.name for route in found.alone} == {"LU", "LDL^T", "CGNR"}
    assert [route.name for route in found.routes].count("LDL^T") == 1


def test_what_is_symmetric_and_not_definite_takes_half_of_lu(hand_made):
    """d = 600: 600^3/3 = 7.2e7 operations and 16 bytes an entry, 5.76 MB; LU twice the operations.

    At 26.8 TFLOP/s 2.69 us and 5.37 us, at 4.8 TB/s 1.2 us, after one launch; both need the matrix.
    """
    rng = np.random.default_rng(5)
    item = hand_made.block("w", np.diag(rng.uniform(1, 2, 600)), rng.normal(size=600))
    item = replace(item, is_definite=False, inverse_steps=7)
    solves = price_solves(item, DEVICE, epsilon=0.1, is_pruned=False)
    alone = {cost.method: (cost, before) for cost, before in price_alone(solves, DEVICE)}
    assert set(alone) == {"LU", "LDL^T", "CGNR"}
    for name, flops in (("LDL^T", 7.2e7), ("LU", 1.44e8)):
        cost, before = alone[name]
        assert cost.flops == pytest.approx(flops, rel=1e-12)
        assert cost.bytes == 5_760_000
        assert cost.runtime_s == pytest.approx(5e-6 + flops / (0.4 * 67e12), rel=1e-12)
        assert before == pytest.approx(5e-6 + (1e6 + 600) / (0.4 * 67e12), rel=1e-12)
    assert alone["LDL^T"][0].flops == qres.formula("newton.ldl.flops")(dim=600)
    # a scheduler has factorised it already: one route that substitutes, 2 * 600^2
    methods = [(cost.method, cost.flops) for cost in price_scheduled(solves, item, DEVICE)]
    assert methods[0] == ("LDL^T", 720_000)
    assert [name for name, _ in methods[1:]] == ["CGNR"]


def test_what_has_no_price_says_why(hand_made, price):
    """No probability to fail is set for sampling rows; what needs no matrix is refused in turn."""
    item = replace(hand_made.random_block("w", 40, seed=3), factor_rows=5)
    kaczmarz = ("Kaczmarz", "no failure probability is given")

    def left_out(block, *, is_pruned=False):
        return price_solves(block, DEVICE, epsilon=0.1, is_pruned=is_pruned).left_out

    assert left_out(item) == (kaczmarz,)
    assert left_out(replace(item, is_dense=False)) == ()
    names = ("Woodbury", "CG by products")
    pruned = "entries were pruned: it solves the system of the whole matrix"
    assert left_out(item, is_pruned=True) == (kaczmarz, *((name, pruned) for name in names))
    indefinite = replace(item, is_definite=False, factor_rows=0)
    assert left_out(indefinite) == (kaczmarz, (names[1], "the matrix is not positive definite"))
    infinite = {**item.values, "kappa": Quantity(value=math.inf, kind="measured")}
    singular = replace(item, values=infinite, factor_rows=0)
    reason = "nothing bounds kappa: the smallest singular value may be zero"
    assert left_out(singular) == (kaczmarz, (names[1], reason))
    (decision,) = price(hand_made.run_of(item)).decisions
    assert decision.left_out == (kaczmarz,)


def test_the_paper_s_policy_by_hand(hand_made, price):
    """s kappa ln(d kappa / .1) gates of 1 ns for s = 12, d = 12, beside the preparation."""
    item = hand_made.random_block("w", 12, seed=1)
    found = price(hand_made.run_of(item), policy="paper", gate_time_s=1e-9).decisions[0]
    kappa = float(item.values["kappa"])
    by_hand = 12 * kappa * math.log(12 * kappa / 0.1) * 1e-9
    assert found.routes[0].solve_s == pytest.approx(by_hand, rel=1e-12)
    assert found.routes[0].kind == "asymptotic"
    assert found.routes[0].solve_ends_s is None
    assert found.route.is_quantum  # 1 us beside the latency of a kernel launch


def with_ends(item, name, low, high):
    """Return a block one of whose values has an interval."""
    known = replace(item.values[name], low=low, high=high)
    return replace(item, values={**item.values, name: known})


def test_the_paper_s_policy_at_both_ends_by_hand(hand_made, price):
    """kappa of 10 to 12, s = d = 12: 120 ln(1200) and 144 ln(1440) gates of 1 ns."""
    item = with_ends(hand_made.random_block("w", 12, seed=1), "kappa", 10.0, 12.0)
    route = price(hand_made.run_of(item), policy="paper", gate_time_s=1e-9).decisions[0].routes[0]
    by_hand = (120e-9 * math.log(1200), 144e-9 * math.log(1440))
    assert route.solve_ends_s == pytest.approx(by_hand, rel=1e-12)
    assert route.ends_s == pytest.approx([route.prepare_s + end for end in by_hand], rel=1e-12)


@pytest.mark.slow
def test_the_interval_of_a_quantum_time_is_what_its_ends_cost_alone(hand_made, price):
    """Smallest singular value .2 to .25, beside a system that is sharp: two runs without intervals.

    The value itself is left at .22: the point is priced at the lower end.
    """
    item, other = (hand_made.random_block("w", dim, seed=dim) for dim in (12, 9))
    name = "smallest_singular_value"

    def sharp(value):
        known = {**item.values, name: Quantity(value=value, kind="measured")}
        run = hand_made.run_of(replace(item, values=known), other)
        return price(run).decisions[0]

    middle = sharp(0.22)
    assert middle.quantum.spread == {}
    wide = with_ends(
        replace(item, values={**item.values, name: Quantity(value=0.22)}), name, 0.2, 0.25
    )
    decisions = price(hand_made.run_of(wide, other)).decisions
    found, low, high = decisions[0], sharp(0.25), sharp(0.2)
    assert found.routes[0].total_s == pytest.approx(high.routes[0].total_s, rel=1e-12)
    ends = low.routes[0].total_s, high.routes[0].total_s
    assert found.routes[0].ends_s == pytest.approx(ends, rel=1e-12)
    assert ends[0] < middle.routes[0].total_s < ends[1]
    for key in ("toffoli", "t"):
        pair = getattr(low.quantum, key), getattr(high.quantum, key)
        assert found.quantum.spread[key] == pytest.approx(pair, rel=1e-12)
    assert decisions[1].quantum.spread == {}
    assert found.is_sure


@pytest.mark.slow
def test_machines_side_by_side_share_the_shots_of_a_read_out_by_sampling(hand_made):
    """Four machines: a quarter of the time; one run that is amplified as a whole gains nothing."""
    run = hand_made.run_of(hand_made.random_block("w", 12, seed=1))
    limits = {"max_qubits": math.inf, "max_runtime_s": math.inf, "n_machines": 4}
    four = tuple(replace(machine, **limits) for machine in MACHINES)

    def price_on(machines, access):
        readout = replace(hand_made.asked.readout, access=access)
        asked = replace(hand_made.asked, readout=readout)
        return schedule(run, asked, ERROR, machines, DEVICE, "runtime").decisions[0]

    alone, found = price_on(MACHINES, "sampling"), price_on(four, "sampling")
    assert found.quantum.busiest_part == pytest.approx(0.25, rel=1e-3)
    for name, seconds in alone.quantum.runtime_s.items():
        assert found.quantum.runtime_s[name] == pytest.approx(seconds / 4, rel=1e-3)
    coherent = price_on(four, "coherent")
    assert coherent.quantum.busiest_part == 1
    assert coherent.quantum.runtime_s == price_on(MACHINES, "coherent").quantum.runtime_s


@pytest.mark.slow
def test_the_ladder_multiplies_to_the_honest_price(hand_made, price):
    items = [hand_made.random_block(f"w{dim}", dim, seed=dim) for dim in (5, 12)]
    found = price(hand_made.run_of(*items), policy="honest", gate_time_s=1e-9)
    product = math.prod(rung.factor for rung in found.ladder) * found.ladder[0].seconds
    assert product == pytest.approx(found.ladder[-1].seconds, rel=1e-12)
    solves = sum(decision.routes[0].total_s for decision in found.decisions)
    assert found.ladder[-1].seconds == pytest.approx(solves, rel=1e-12)
    assert found.ladder[0].seconds == sum(d.published_s for d in found.decisions)


def test_break_even_by_hand(hand_made, price):
    """Best classical solve less rebuilding the vector, over all gates; none where nothing is left.

    At dimension 200 Cholesky moves 2 * 8 * 200^2 = 640 kB after its launch, which takes 133 ns; its
    8e6/3 operations take 99.5 ns.
    """
    item = replace(hand_made.random_block("w", 200, seed=200), factor_rows=400, inverse_steps=0)
    (large,) = price(hand_made.run_of(item)).decisions
    late = replace(large.quantum, side_s=large.classical.solve_s)
    assert _break_even([large.classical], late) is None
    left = 5e-6 + 640e3 / 4.8e12 - large.quantum.side_s
    assert left > 0
    gates = round(large.quantum.toffoli + large.quantum.t)
    assert large.break_even_s == pytest.approx(left / gates, rel=1e-9)


@pytest.mark.slow
def test_a_singular_system_is_refused_by_the_quantum_route_alone(hand_made, price):
    item = hand_made.random_block("w", 12, seed=1)
    zero = Quantity(value=0.0, kind="measured")
    infinite = Quantity(value=math.inf, kind="measured")
    values = {**item.values, "smallest_singular_value": zero, "kappa": infinite}
    found = price(
        hand_made.run_of(replace(item, values=values), hand_made.random_block("v", 7, seed=2))
    )
    assert (
        found.decisions[0].routes[0].reason
        == "nothing bounds kappa: the smallest singular value may be zero"
    )
    assert found.decisions[0].route.name == "LDL^T"
    assert found.decisions[1].quantum is not None
    assert found.ladder == ()


@pytest.mark.slow
def test_a_factorisation_before_the_choice_is_said(hand_made, price):
    """Of a Hessian, which has no factor rows, and of what was pruned; one such system is enough."""
    square = replace(hand_made.random_block("w", 5, seed=1), factor_rows=3, inverse_steps=0)
    work = {**square.work, "frobenius": 0.0}
    hessian = replace(square, factor_rows=0, inverse_steps=4, work=work)
    text = (
        "the smallest singular value of a matrix that may be indefinite, was pruned or not damped,"
    )

    def says(*blocks, **changes):
        found = price(replace(hand_made.run_of(*blocks), **changes))
        assert any("every route pays for forming" in line for line in found.assumptions)
        return any(text in line for line in found.assumptions)

    assert not says(square)
    assert says(hessian)
    assert says(square, hessian)
    assert says(replace(square, inverse_steps=4), prune=0.5)
    assert not says(square, replace(hessian, is_dense=False, inverse_steps=0))


@pytest.mark.slow
def test_each_assumption_of_every_route_is_said_once(hand_made, price):
    """Those of the quantum job, of the scheduler's own routes, and of the device alone."""
    item = replace(hand_made.random_block("w", 400, seed=3), factor_rows=20, inverse_steps=0)
    found = price(hand_made.run_of(item, hand_made.random_block("v", 5, seed=1)))
    assert len(set(found.assumptions)) == len(found.assumptions)
    (large, small) = found.decisions
    for decision in (large, small):
        assert set(decision.quantum.assumptions) <= set(found.assumptions)
        for route in (*decision.routes, *decision.alone):
            assert set(route.assumptions) <= set(found.assumptions)
    words = " ".join(found.assumptions)
    for part in ("no preconditioner", "one launch a product", "held in memory"):
        assert part in words


@pytest.mark.slow
def test_rivals_are_timed_to_the_loss_of_newton(hand_made, price):
    """Losses .9 .6 .4: the third iteration is at .5 or below, of 1e9 operations, in 1 launch or 10."""
    found = price(hand_made.run_of(hand_made.random_block("w", 5, seed=1)))
    rival, work = found.rivals[0], 1e9 / (0.4 * 67e12)
    assert rival.iterations == 3
    assert rival.seconds == pytest.approx(3 * (DEVICE.latency_s + work), rel=1e-9)
    assert rival.eager_s == pytest.approx(3 * (10 * DEVICE.latency_s + work), rel=1e-9)
    # a gradient of Newton's has 1e9 operations too: an iteration of either is charged alike
    assert rival.seconds == pytest.approx(3 * found.gradient_s[0], rel=1e-12)
    assert rival.is_at_end  # of a grid of one rate
