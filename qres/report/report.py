"""The `Report`: everything one estimate found, and its ways out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qres.files import write_atomic
from qres.report.record import Result

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


class Report(Result):
    """One estimate, as a table, as data, as files; see `Result` for what it holds."""

    def table(self, width: int = 100) -> str:
        """Return the report as text, at most `width` columns wide (80 or more)."""
        from qres.report.table import render

        return render(self, width)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data, schema `qres-result/1`."""
        from qres.report.result import to_dict

        return to_dict(self)

    def to_logical_counts(self) -> dict[str, int]:
        """Return the logical counts as the QDK's `LogicalCounts` takes them.

        Raises:
            InfeasibleError: there is no price.
        """
        from qres.report.logical_counts import logical_counts

        return logical_counts(self)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a stage; of a Newton run, one row a linear system of a step."""
        import pandas as pd

        if self.schedule is not None:
            from qres.report.newton import decision_rows

            return pd.DataFrame(decision_rows(self))
        return pd.DataFrame(self.to_dict()["stages"])

    def save(self, path: str | Path) -> None:
        """Write the report; the suffix decides.

        `.json` all of it, `NAME.qdk.json` the logical counts as the QDK reads them, `.csv` the
        stages (of a Newton run, its systems), `.tex` a complete document, `.pdf` the same set by
        pdflatex, `.bib` the works it rests on, `.html` one page, `.svg` and `.png` the stages, or
        the schedule of a Newton run, drawn, `NAME.frontier.svg` and `.png` qubits against time,
        `NAME.loss.svg` and `NAME.conditions.svg` the other figures of a Newton run.

        Raises:
            InputError: another suffix, a program or library that is missing, or a place that
                cannot be written.
            ToolError: pdflatex failed.
        """
        from qres.report.formats import check_format, content, format_of

        target = Path(path)
        check_format(target)
        write_atomic(target, content(self, format_of(target)))

    def explain(self, name: str, width: int = 100) -> str:
        """Return where a number comes from: formula, values put in, sources.

        Args:
            name: a symbol (`kappa_eff`), a stage (`matrix queries`), or a total
                (`logical.toffoli`, `superconducting-1e-4.runtime_s`, `verdict.ratio`).
            width: columns.

        Raises:
            InputError: there is no such number; the nearest names are given.
        """
        from qres.report.explain import explain

        return explain(self, name, width)

    def draw_flame(self, **size: float) -> Figure:
        """Return the flame graph of the magic states: stages, and what is inside each.

        Args:
            size: `width` in inches, 7.0 if left out; 3.4 is one column of a journal.

        Raises:
            InfeasibleError: there is no price.
        """
        from qres.report.figures.flame import draw_flame

        return draw_flame(self, **size)

    def draw_model_error(self, **size: float) -> Figure:
        """Return how far the polynomial models stray from training, step by step.

        Args:
            size: `width` in inches, 3.4 if left out.

        Raises:
            InputError: no network was measured.
        """
        from qres.report.figures.model_error import draw_model_error

        return draw_model_error(self, **size)

    def draw_measurement(self, **size: float) -> Figure:
        r"""Return what was measured: spectrum, dissipation over the steps, change over training.

        The panels are those for which there are numbers: the density, the mean of
        $|1 - \eta\lambda|^t$, what decays and what grows, and, of snapshots, each quantity over
        training.

        Args:
            size: `width` in inches, 3.4 if left out.

        Raises:
            InputError: no network was measured.
        """
        from qres.report.figures.measurement import draw_measurement

        return draw_measurement(self.measurement, **size)

    def draw_frontier(self, **size: float) -> Figure:
        """Return physical qubits against time on every machine that can do the job.

        Args:
            size: `width` in inches, 3.4 if left out.

        Raises:
            InfeasibleError: no machine can do it.
        """
        from qres.report.figures.frontier import draw_frontier

        return draw_frontier(self, **size)

    def draw_schedule(self, **size: float) -> Figure:
        """Return where each linear system of a Newton run is solved, and by how much, as a strip.

        Args:
            size: `width` in inches, 7.0 if left out.

        Raises:
            InputError: no Newton run was priced.
        """
        from qres.report.figures.newton import draw_schedule

        return draw_schedule(self, **size)

    def draw_conditions(self, **size: float) -> Figure:
        """Return condition number and sparsity of each block over the steps of a Newton run.

        Args:
            size: `width` in inches, 3.4 if left out.

        Raises:
            InputError: no Newton run was priced.
        """
        from qres.report.figures.newton import draw_conditions

        return draw_conditions(self, **size)

    def draw_time_to_loss(self, **size: float) -> Figure:
        """Return loss and held-out accuracy over seconds: Newton by each kind of route, its rivals.

        Args:
            size: `width` in inches, 3.4 if left out.

        Raises:
            InputError: no Newton run was priced.
        """
        from qres.report.figures.newton import draw_time_to_loss

        return draw_time_to_loss(self, **size)

    def frontier_text(self) -> str:
        """Return the machines that nothing beats in qubits and time, one table a machine."""
        from qres.report.frontier import frontier_text

        return frontier_text(self)

    def sources_text(self) -> str:
        """Return every symbol by where it comes from, with its formula or source."""
        from qres.report.explain import sources

        return sources(self)

    def defaults_text(self) -> str:
        """Return every value that the file left to us, one line each."""
        rows = [f"  {path} = {value}" for path, value in self.scenario.defaults]
        return "\n".join(["Defaults", *rows]) if rows else "Defaults: none were used"

    def _repr_html_(self) -> str:
        from qres.report.page import fragment

        return fragment(self)
