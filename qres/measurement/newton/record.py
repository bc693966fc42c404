r"""What a run of Newton training leaves behind: its steps, their blocks, and its rivals.

Everything is plain data: no torch, no machine, no price. The step of block $k$ is
$x_k = A_k^{-1} g_k$ with $A_k$ the damped and pruned curvature of the block and $g_k$ its part of the
gradient; the weights move by `learning_rate` times $-(x_k + e_k)$, with $e_k$ the error of the
read-out, $\lVert e_k\rVert = \delta \lVert x_k\rVert$, in a direction drawn evenly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qres.errors import InputError
from qres.notation.quantity import Quantity

RECORDED_AS = 5
"""Changes whenever the same question would be recorded as something else."""

INFINITE = float("inf")


@dataclass(frozen=True, kw_only=True)
class NewtonBlock:
    """One linear system of one step.

    Args:
        name: of the layer, or `all`.
        dim: its parameters.
        factor_rows: rows of $G$ where the undamped matrix is $G^T G$ (samples times outputs, or
            samples); 0 for the Hessian, which is no such product.
        is_dense: whether the matrix was formed; else only products with it were.
        has_rows: whether the factor was kept, where the matrix was not formed.
        is_definite: whether the damped and pruned matrix is positive definite; Cholesky and
            conjugate gradients need that.
        values: what `linear-system` needs of the damped and pruned matrix, and `lambda_max`,
            `lambda_min` (of the same before damping), `lambda_reg`, `kappa`, `kappa_bound`,
            `merikoski_log10`, `prune_error`, `prune_step_error`, `pruned_share`,
            `newton_fidelity`; what cannot be known is absent.
        work: operations of `form`, `damp`, `prune`, `lanczos` as spent, of one `product` that does
            not need the matrix, of the `scale` of a relative damping for who does not form it, and of
            the `frobenius` norm of a matrix that was not formed.
        lanczos_steps: on the matrix that is solved with, each after the one before.
        inverse_steps: on its inverse, by a factorisation; 0 where its smallest singular value asks
            for none.
    """

    name: str
    dim: int
    factor_rows: int
    is_dense: bool
    has_rows: bool
    is_definite: bool
    values: Mapping[str, Quantity]
    work: Mapping[str, float]
    lanczos_steps: int
    inverse_steps: int

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of this block."""
        values = {name: quantity.to_dict() for name, quantity in self.values.items()}
        return {**vars(self), "values": values, "work": dict(self.work)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> NewtonBlock:
        """Read back what `to_dict` wrote."""
        values = {name: Quantity.from_dict(item) for name, item in data["values"].items()}
        return cls(**{**data, "values": values})


@dataclass(frozen=True, kw_only=True)
class NewtonStep:
    """One step, over all blocks.

    Args:
        index: 0 for the first.
        loss: of all training samples, before the step.
        held_out_accuracy: before the step; None where no samples are held out.
        grad_norm: norm of the gradient of this step's batch.
        step_norm: norm of the exact solution of all blocks.
        injected_error: norm of the error that was added to it, divided by `step_norm`.
        gradient_flops: operations of one gradient of the batch.
        blocks: in the order of the parameters.
    """

    index: int
    loss: float
    held_out_accuracy: float | None
    grad_norm: float
    step_norm: float
    injected_error: float
    gradient_flops: float
    blocks: tuple[NewtonBlock, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of this step."""
        return {**vars(self), "blocks": [block.to_dict() for block in self.blocks]}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> NewtonStep:
        """Read back what `to_dict` wrote."""
        return cls(**{**data, "blocks": tuple(map(NewtonBlock.from_dict, data["blocks"]))})


@dataclass(frozen=True, kw_only=True)
class RivalRun:
    """A first-order (or K-FAC) training from the same weights, at its best learning rate.

    Args:
        name: `sgd`, `adam`, `l-bfgs` or `k-fac`.
        learning_rate: the best of the grid: soonest at the loss that Newton ends with, else lowest.
        losses: of all training samples after each iteration, until that loss or the last iteration.
        flops_per_iteration: operations of one iteration.
        launches_per_iteration: operations on tensors that one iteration starts.
        tried: learning rate to its last loss, when another had been at that loss sooner or at the
            last iteration; infinite where it diverged.
        accuracies: of held-out samples after each iteration; empty where there are none.
    """

    name: str
    learning_rate: float
    losses: tuple[float, ...]
    flops_per_iteration: float
    launches_per_iteration: int
    tried: Mapping[float, float]
    accuracies: tuple[float, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of this run; null is infinite."""
        tried = {
            repr(rate): None if loss == INFINITE else loss for rate, loss in self.tried.items()
        }
        lists = {"losses": list(self.losses), "accuracies": list(self.accuracies)}
        return {**vars(self), **lists, "tried": tried}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> RivalRun:
        """Read back what `to_dict` wrote."""
        tried = {
            float(rate): INFINITE if loss is None else loss for rate, loss in data["tried"].items()
        }
        lists = {name: tuple(data.get(name, ())) for name in ("losses", "accuracies")}
        return cls(**{**data, **lists, "tried": tried})


@dataclass(frozen=True, kw_only=True)
class NoiseRow:
    """Quartiles over seeds of the loss that training ends with under one error.

    Args:
        delta: relative error of each solution.
        lower: first quartile; infinite where so many runs diverge.
        median: of the final losses, likewise.
        upper: third quartile, likewise.
        n_seeds: how many runs.
    """

    delta: float
    lower: float
    median: float
    upper: float
    n_seeds: int

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of this row; null is infinite."""
        return {name: None if item == INFINITE else item for name, item in vars(self).items()}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> NoiseRow:
        """Read back what `to_dict` wrote."""
        found: dict[str, Any] = {
            name: INFINITE if item is None else item for name, item in data.items()
        }
        return cls(**found)


@dataclass(frozen=True, kw_only=True)
class NewtonRun:
    """A whole run.

    Args:
        steps: in order.
        final_loss: of all training samples after the last step.
        final_accuracy: of held-out samples then; None where there are none.
        exact_losses: of the same run with exact solutions, before each step and after the last.
        delta: relative error of each solution.
        seed: of batches, errors and probes.
        curvature: `hessian`, `gauss-newton` or `fisher`.
        blocks: `full` or `layer`.
        learning_rate: factor on the step.
        batch_samples: samples of one step.
        n_params: active parameters.
        damping: `kind`, `value`, `decay` as asked.
        prune: part of the entries beside the diagonal that was asked to go.
        rivals: in the order of their names above.
        noise: the same training under other errors and seeds; empty where it was not asked for.
    """

    steps: tuple[NewtonStep, ...]
    final_loss: float
    final_accuracy: float | None
    exact_losses: tuple[float, ...]
    delta: float
    seed: int
    curvature: str
    blocks: str
    learning_rate: float
    batch_samples: int
    n_params: int
    damping: Mapping[str, Any]
    prune: float
    rivals: tuple[RivalRun, ...] = ()
    noise: tuple[NoiseRow, ...] = ()

    @property
    def losses(self) -> tuple[float, ...]:
        """Loss before each step, and after the last."""
        return (*(step.loss for step in self.steps), self.final_loss)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of this run."""
        return {
            "recorded_as": RECORDED_AS,
            **vars(self),
            "steps": [step.to_dict() for step in self.steps],
            "exact_losses": list(self.exact_losses),
            "damping": dict(self.damping),
            "rivals": [rival.to_dict() for rival in self.rivals],
            "noise": [row.to_dict() for row in self.noise],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> NewtonRun:
        """Read back what `to_dict` wrote.

        Raises:
            InputError: another version of the program wrote it, and meant something else.
        """
        fields = dict(data)
        _check_version(fields.pop("recorded_as", None))
        return cls(
            **{
                **fields,
                "steps": tuple(map(NewtonStep.from_dict, data["steps"])),
                "exact_losses": tuple(data["exact_losses"]),
                "rivals": tuple(map(RivalRun.from_dict, data["rivals"])),
                "noise": tuple(map(NoiseRow.from_dict, data.get("noise", ()))),
            }
        )


def _check_version(found: int | None) -> None:
    """Refuse a run that was recorded as something else; the first versions did not say as what."""
    if found != RECORDED_AS:
        form = "an earlier form" if found is None else f"form {found}"
        raise InputError(
            f"measurement: a Newton run recorded in {form} by another version of qres, this one"
            f" reads form {RECORDED_AS}; measure again"
        )
