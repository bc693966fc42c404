"""The `Report`: everything one estimate found, and its ways out."""

from __future__ import annotations

import csv
import html
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qres.errors import InputError
from qres.files import write_atomic
from qres.report.record import Result

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".json", ".csv")


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

    def to_frame(self) -> pd.DataFrame:
        """Return the stages as a data frame, one row a stage."""
        import pandas as pd

        return pd.DataFrame(self.to_dict()["stages"])

    def save(self, path: str | Path) -> None:
        """Write the report; the suffix decides: `.json` all of it, `.csv` the stages.

        Raises:
            InputError: another suffix, or a place that cannot be written.
        """
        target = Path(path)
        if target.suffix == ".json":
            write_atomic(target, json.dumps(self.to_dict(), indent=2, allow_nan=False) + "\n")
        elif target.suffix == ".csv":
            write_atomic(target, self._csv())
        else:
            raise InputError(f"{target}: the suffix must be {' or '.join(SUFFIXES)}")

    def _csv(self) -> str:
        rows = self.to_dict()["stages"]
        stream = io.StringIO()
        names = list(rows[0]) if rows else ["name"]
        writer = csv.DictWriter(stream, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return stream.getvalue()

    def explain(self, name: str) -> str:
        """Return where a number comes from: formula, values put in, sources.

        Args:
            name: a symbol (`kappa_eff`), a stage (`matrix queries`), or a total
                (`logical.toffoli`).

        Raises:
            InputError: there is no such number; the nearest names are given.
        """
        from qres.report.explain import explain

        return explain(self, name)

    def sources_text(self) -> str:
        """Return every value with its formula or source, one line each."""
        from qres.report.explain import sources

        return sources(self)

    def defaults_text(self) -> str:
        """Return every value that the file left to us, one line each."""
        rows = [f"  {path} = {value}" for path, value in self.scenario.defaults]
        return "\n".join(["Defaults", *rows]) if rows else "Defaults: none were used"

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.table())}</pre>"
