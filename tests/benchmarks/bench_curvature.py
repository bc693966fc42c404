"""One product with the Hessian, and one spectral density of equal error, beside curvlinops and PyHessian.

Run: python tests/benchmarks/bench_curvature.py [--repeats N] [--largest PARAMS] [--peers FOLDER]
[--threads N]. All rows, at 1e3, 3e5 and 7e6 parameters, in one run.
Both peers are installed into a folder of their own by pip, without what they depend on beyond pure
Python; they are called, nothing of them is part of qres. PyHessian 0.1 calls `torch.eig`, which torch
no longer has: it is put back for the run. Same network, batch, precision and threads, the calls in
turn, medians. Targets are in the last column.

*Equal error*: both peers take `steps` steps from `starts` starts; ours takes as many starts and the
fewest steps with which the median of its error is not above theirs, up to twice as many. The error is
the Wasserstein distance from all eigenvalues, over their range, at 1e3; beyond, where nobody has them,
from a longer run of more starts (ours, another seed).
"""

from __future__ import annotations

import argparse
import importlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import wasserstein_distance

from qres.config.record import ResNet
from qres.measurement.arithmetic import Arithmetic
from qres.measurement.curvature import Curvature
from qres.measurement.networks import find_activation
from qres.measurement.resnets import ResidualNetwork, fill_residual
from qres.measurement.spectrum import Explorer

PEERS = ("curvlinops-for-pytorch==3.0.1", "pyhessian==0.1")
NEEDED = (
    "backpack-for-pytorch",
    "einops",
    "einconv",
    "linear_operator",
    "opt-einsum",
    "tqdm",
    "jaxtyping",
    "wadler-lindig",
    "unfoldNd",
)
"""Pure Python packages that curvlinops imports."""

LADDER = (0.2, 0.3, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0)
"""Steps of ours that are tried, as a part of those of the peers."""

FEW = 3000
"""Parameters up to which all eigenvalues are computed."""

Measure = tuple[Any, Any]
"""Nodes and weights."""


def install(folder: Path) -> None:
    """Install the peers into `folder`, unless they are there, and make them importable."""
    if not (folder / "curvlinops").is_dir():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        subprocess.run([*command, "--target", str(folder), *PEERS, *NEEDED], check=True)
    sys.path.append(str(folder))

    def eig(matrix: torch.Tensor, eigenvectors: bool) -> tuple[torch.Tensor, torch.Tensor]:
        assert eigenvectors
        values, vectors = torch.linalg.eigh(matrix)  # it is asked about symmetric ones only
        return torch.stack([values, torch.zeros_like(values)], dim=1), vectors

    setattr(torch, "eig", eig)  # noqa: B010


def time_in_turn(calls: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Return the median seconds of every call, after one each that does not count.

    On one thread the seconds are those of the processor, which other work on the machine disturbs less.
    """
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    for call in calls.values():
        call()
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats):
        for name, call in calls.items():
            start = clock()
            call()
            times[name].append(clock() - start)
    return {name: statistics.median(found) for name, found in times.items()}


def make_mlp() -> tuple[torch.nn.Module, Any]:
    """Return a perceptron of 1,435 parameters and a batch of 1,797."""
    layers = (torch.nn.Linear(64, 19), torch.nn.Tanh(), torch.nn.Linear(19, 10))
    return torch.nn.Sequential(*layers), (torch.randn(1797, 64), torch.randint(0, 10, (1797,)))


def make_resnet(depth: int, width: int, batch: int) -> tuple[torch.nn.Module, Any]:
    """Return a residual network on random images, batch norms fixed."""
    shape = ResNet(kind="resnet", depth=depth, width=width, block="basic", activation="gelu")
    module = ResidualNetwork(
        shape, find_activation("gelu"), channels=3, n_outputs=100, device="cpu"
    )
    fill_residual(module, torch.Generator().manual_seed(0))
    data = (torch.randn(batch, 3, 32, 32), torch.randint(0, 100, (batch,)))
    return module.float().eval(), data


def peers_of(module: torch.nn.Module, data: Any) -> tuple[Any, Any]:
    """Return the operators of curvlinops and PyHessian."""
    curvlinops = importlib.import_module("curvlinops")
    pyhessian = importlib.import_module("pyhessian")
    loss = torch.nn.CrossEntropyLoss()
    operator = curvlinops.HessianLinearOperator(
        module, loss, list(module.parameters()), [data], check_deterministic=False
    )
    return operator, pyhessian.hessian(module, loss, data=data, cuda=False)


def our_curvature(module: torch.nn.Module, data: Any) -> Curvature:
    """Return our own product."""
    return Curvature(
        module,
        loss=torch.nn.functional.cross_entropy,
        batches=[data],
        arithmetic=Arithmetic(precision="float32"),
    )


def compare_products(name: str, module: torch.nn.Module, data: Any, repeats: int) -> None:
    """Print the times of one product."""
    operator, theirs = peers_of(module, data)
    product_of = importlib.import_module("pyhessian.utils").hessian_vector_product
    ours = our_curvature(module, data)
    vector = torch.randn(ours.n_active)
    parts = [
        part.view_as(item)
        for part, item in zip(
            vector.split([item.numel() for item in theirs.params]), theirs.params, strict=True
        )
    ]
    reference, found = operator @ vector, ours.apply(vector)
    apart = float((reference - found).norm() / reference.norm())
    assert apart < 1e-4, f"the products differ by {apart:g}"
    times = time_in_turn(
        {
            "qres": lambda: ours.apply(vector),
            "curvlinops": lambda: operator @ vector,
            "pyhessian": lambda: product_of(theirs.gradsH, theirs.params, parts),
        },
        repeats,
    )
    target = 0.5 if ours.n_active < 10_000 else 0.75
    report(f"product, {name}", ours.n_active, times, {"curvlinops": target, "pyhessian": 1.05})


def report(name: str, n_params: int, times: dict[str, float], targets: dict[str, float]) -> None:
    """Print times and ratios beside their targets."""
    text = "  ".join(f"{peer} {1e3 * seconds:.4g} ms" for peer, seconds in times.items())
    print(f"{name} ({n_params:,} parameters): {text}")
    for peer, target in targets.items():
        ratio = times["qres"] / times[peer]
        verdict = "met" if ratio <= target else "MISSED"
        print(f"    qres / {peer:11} {ratio:.2f}  target {target}  {verdict}", flush=True)


def explore(curvature: Curvature, steps: int, starts: int, seed: int) -> Measure:
    """Return our density."""
    explorer = Explorer(
        multiply=curvature.apply_block,
        dim=curvature.n_active,
        steps=steps,
        n_probes=starts,
        seed=seed,
        arithmetic=curvature.arithmetic,
        max_steps=steps,
    )
    return explorer.explore().density.merge()


def find_truth(curvature: Curvature, steps: int, starts: int) -> Measure:
    """Return all eigenvalues where they are few, else a run twice as long of four times the starts."""
    if curvature.n_active <= FEW:
        exact = np.linalg.eigvalsh(curvature.in_double().dense())
        return exact, np.ones(len(exact))
    return explore(curvature, 2 * steps, 4 * starts, 10**6)


def compare_densities(
    name: str, module: torch.nn.Module, data: Any, repeats: int, *, steps: int, starts: int
) -> None:
    """Print the times of one density of equal error beside that of each peer, and all errors.

    The peers' errors differ much; the target is that against the faster one.
    """
    operator, theirs = peers_of(module, data)
    spectrum = importlib.import_module("curvlinops.papyan2020traces.spectrum")
    ours = our_curvature(module, data)
    truth = find_truth(ours, steps, starts)
    ends = float(truth[0][0]), float(truth[0][-1])
    seeds = iter(range(10**6))
    errors: dict[str, list[float]] = {"qres": [], "curvlinops": [], "pyhessian": []}

    def judge(found: Measure) -> float:
        nodes, weights = np.real(found[0]), np.maximum(np.real(found[1]), 0)
        return wasserstein_distance(nodes, truth[0], weights, truth[1]) / (ends[1] - ends[0])

    def run_pyhessian() -> None:
        nodes, weights = theirs.density(iter=steps, n_v=starts)
        errors["pyhessian"].append(judge((np.ravel(nodes), np.ravel(weights))))

    def run_curvlinops() -> None:
        grid, density = spectrum.lanczos_approximate_spectrum(
            operator, steps, num_repeats=starts, boundaries=ends
        )
        errors["curvlinops"].append(judge((grid.numpy(), density.numpy())))

    calls: dict[str, Callable[[], object]] = {
        "curvlinops": run_curvlinops,
        "pyhessian": run_pyhessian,
    }
    times = time_in_turn(calls, repeats)
    for peer in sorted(calls, key=times.__getitem__):
        goal = statistics.median(errors[peer])
        for part in LADDER:
            taken = max(2, round(part * steps))
            errors["qres"] = [
                judge(explore(ours, taken, starts, next(seeds))) for _ in range(max(3, repeats))
            ]
            if statistics.median(errors["qres"]) <= goal:
                break
        else:
            print(f"    density, {name}: ours does not reach the error of {peer}")
            continue
        pair = {"qres": lambda taken=taken: explore(ours, taken, starts, next(seeds))}
        found = time_in_turn(pair | {peer: calls[peer]}, repeats)
        for tool, count in (("qres", taken), (peer, steps)):
            middle = statistics.median(errors[tool])
            print(f"    error of the density, {tool}, {count} steps: {middle:.4f} of the range")
        report(f"density, {name}, {starts} starts", ours.n_active, found, {peer: 0.6})


def main() -> None:
    """Print times and ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--largest", type=float, default=1e8)
    parser.add_argument("--peers", type=Path, default=None)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        install(options.peers or Path(folder))
        torch.manual_seed(0)
        module, data = make_mlp()
        compare_products("perceptron", module, data, 20 * options.repeats)
        compare_densities("perceptron", module, data, options.repeats, steps=50, starts=8)
        for depth, width, batch, steps, starts in ((20, 1, 32, 20, 2), (32, 4, 8, 10, 1)):
            module, data = make_resnet(depth, width, batch)
            if sum(item.numel() for item in module.parameters()) > options.largest:
                continue
            name = f"resnet-{depth}-{width}, {batch} images"
            compare_products(name, module, data, options.repeats)
            few = max(3, options.repeats // 2)
            compare_densities(name, module, data, few, steps=steps, starts=starts)


if __name__ == "__main__":
    main()
