"""`load_scenario`: from a `model.yaml`, the name of a shipped model, or a dict to a `Scenario`."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from pydantic import ValidationError

from qres.config.algorithm import MODELS_OF
from qres.config.build import build_scenario
from qres.config.complaint import Complaint, complaints
from qres.config.given import GIVEN_OF, read_counts
from qres.config.measured import describe_question
from qres.config.modelfile import LIVE, SCHEMA, ModelFile
from qres.config.override import Override, Setting, apply_settings, dotted, parse_overrides
from qres.config.record import Scenario
from qres.config.section import Section
from qres.errors import InputError, nearest
from qres.files import Document, YamlPath, data_path, read_yaml

DATA_PATH = ("model", "network", "dataset", "path")
"""Where a data set names its file, or its folder."""

NO_FILE = Path("model")
"""Stands for the path of a scenario that came as a dict."""


def model_names() -> list[str]:
    """Return the names of the models that ship with qres."""
    return _names_in("models")


def model_path(name: str | Path) -> Path:
    """Return the path of a `model.yaml` from its path or from the name of a shipped model.

    The name of a shipped measurement, without .json, is that of the model that was measured.

    Raises:
        InputError: neither; the message has the nearest names.
    """
    path = Path(name)
    if path.suffix in (".yaml", ".yml") or path.is_file():
        return path
    for folder in ("models", "measurements"):
        if str(name) in _names_in(folder):
            return data_path(folder) / f"{name}.yaml"
    near = nearest(str(name), [*model_names(), *_names_in("measurements")])
    raise InputError(f"{name}: no such file, and no shipped model{near}")


def _names_in(folder: str) -> list[str]:
    """Return the names of the model files in a folder of shipped data."""
    return sorted(path.stem for path in data_path(folder).glob("*.yaml"))


def load_scenario(
    source: str | Path | Mapping[str, Any],
    *,
    overrides: Iterable[Override] = (),
    members: Mapping[str, Collection[str]] | None = None,
) -> Scenario:
    """Read, change, check and freeze one question.

    Args:
        source: the path of a `model.yaml`, the name of a shipped model, or the content as a dict
            (its relative paths start at the working directory); a measurement, `FILE.json`, asks
            for the steps that were measured.
        overrides: `"a.b=v"` strings or (dotted path, value) pairs, applied in order.
        members: names that a key of `algorithm` may take (`solver`, `encoding`, `data_access`),
            handed down by the storey that has them; None checks no names.

    Raises:
        InputError: one line: file, line, YAML path, what was expected.
    """
    settings = parse_overrides(overrides)
    if not isinstance(source, Mapping) and Path(source).suffix == ".json":
        source = describe_question(source)
    if isinstance(source, Mapping):
        content = {"schema": SCHEMA, "name": "scenario"} | copy.deepcopy(dict(source))
        document = Document(NO_FILE, content, {})
        folder = Path.cwd()
    else:
        document = read_yaml(model_path(source))
        document.data.setdefault("name", document.path.stem)
        folder = document.path.resolve().parent
    loader = _Loader(document, settings, folder, members or {})
    try:
        return loader.scenario()
    except _Refusal as refusal:
        raise InputError(loader.line(refusal)) from None


class _Refusal(Exception):
    """What is wrong with a scenario: the complaint to show first, and all that were found."""

    def __init__(self, first: Complaint, found: list[Complaint]) -> None:
        super().__init__(first.problem)
        self.first = first
        self.found = found


class _Loader:
    """One run from content to scenario; knows how to name the place of an error."""

    def __init__(
        self,
        document: Document,
        settings: list[Setting],
        folder: Path,
        members: Mapping[str, Collection[str]],
    ) -> None:
        self.document = document
        self.settings = settings
        self.folder = folder
        self.members = members
        self.data = apply_settings(document.data, settings)

    def scenario(self) -> Scenario:
        checked = self.check(ModelFile, self.data, ())
        self.check_members(checked.algorithm)
        algorithm, kind = checked.algorithm.name, checked.model.kind
        if kind not in MODELS_OF[algorithm]:
            takes = " or ".join(MODELS_OF[algorithm])
            self.fail(("model", kind), f"{algorithm} takes {takes}")
        given = self.given(checked.model.given, algorithm) if kind == "given" else None
        files = {dotted(path): self.file(path, name) for path, name in _file_names(checked)}
        self.check_norms(given, checked)
        return build_scenario(checked, given, files, self.folder)

    def check(self, section: type[Any], data: Any, prefix: YamlPath) -> Any:
        """Return the validated section, or fail with the first complaint by line.

        A missing key comes last: often it is there, misspelt.
        """
        try:
            return section.model_validate(data)
        except ValidationError as error:
            found = [
                replace(item, path=(*prefix, *item.path)) for item in complaints(error, section)
            ]
            first = min(found, key=lambda item: (item.is_missing, self.document.line(item.path)))
            raise _Refusal(first, found) from None

    def given(self, values: Any, algorithm: str) -> Section:
        """Return `model.given`, checked against what the algorithm knows."""
        path = ("model", "given")
        if isinstance(values, str):
            if algorithm != "counts":
                self.fail(path, f"{algorithm} takes a mapping, found {values!r}")
            values = read_counts(self.file(path, values))
        return self.check(GIVEN_OF[algorithm], values, path)

    def file(self, path: YamlPath, name: str) -> Path:
        """Return the file that a key names; a measurement may also be one that ships with qres."""
        candidates = [self.folder / Path(name).expanduser()]
        if path == ("model", "measurement"):
            candidates.append(data_path("measurements") / name)
        try:
            for candidate in candidates:
                if candidate.is_file() or (self.may_be_folder(path) and candidate.is_dir()):
                    return candidate
        except (OSError, ValueError):
            pass
        return self.fail(path, f"{name}: no such file")

    def may_be_folder(self, path: YamlPath) -> bool:
        """Say whether a key may name a folder: an unpacked archive of images."""
        if path != DATA_PATH:
            return False
        return self.data["model"]["network"]["dataset"]["kind"].startswith("cifar")

    def check_members(self, algorithm: Section) -> None:
        """Refuse a name that no member of the algorithms has."""
        for key, names in self.members.items():
            name = getattr(algorithm, key, None)
            if name is not None and name not in names:
                self.fail(("algorithm", key), f"{name} is not known{nearest(name, names)}")

    def check_norms(self, given: Section | None, checked: ModelFile) -> None:
        """Refuse a list of update norms that does not fit the number of steps."""
        norms = getattr(given, "update_norms", ())
        if norms:
            n_steps = getattr(checked.algorithm, "n_steps", 0)
            if len(norms) != n_steps + 1:
                self.fail(
                    ("model", "given", "update_norms"),
                    f"expected n_steps + 1 = {n_steps + 1} norms (t = 0..n_steps), "
                    f"found {len(norms)}",
                )

    def fail(self, path: YamlPath, problem: str) -> NoReturn:
        """Refuse the scenario for one reason."""
        complaint = Complaint(path, problem)
        raise _Refusal(complaint, [complaint])

    def line(self, refusal: _Refusal) -> str:
        """Return the one line that says where and what."""
        path, count = refusal.first.path, len(refusal.found)
        where = self.place(refusal.first) + (f"{dotted(path)}: " if path else "")
        text = where + refusal.first.problem + (f" (and {count - 1} more)" if count > 1 else "")
        return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)

    def place(self, complaint: Complaint) -> str:
        """Name the `--set` argument, or the file and line, that a complaint comes from."""
        path = complaint.path
        for setting in reversed(self.settings):
            if path[: len(setting.path)] == setting.path:
                return f"{setting.label}: "
        culprit = self.culprit(complaint)
        if culprit is not None:
            return f"{culprit.label}: "
        if not self.document.lines:
            return ""
        return f"{self.document.path}:{self.document.line(path)}: "

    def culprit(self, complaint: Complaint) -> Setting | None:
        """Return the setting that brought a complaint into a file that is good by itself."""
        if not self.settings or self.found_after(0):
            return None
        counts = range(1, len(self.settings))
        last = next((k for k in counts if complaint in self.found_after(k)), len(self.settings))
        return self.settings[last - 1]

    def found_after(self, count: int) -> list[Complaint]:
        """Return what is wrong with the file under the first `count` settings."""
        try:
            _Loader(self.document, self.settings[:count], self.folder, self.members).scenario()
        except _Refusal as refusal:
            return refusal.found
        except InputError as error:  # of a file that the model names
            return [Complaint((), str(error))]
        return []


def _file_names(checked: ModelFile) -> Iterator[tuple[YamlPath, str]]:
    """Yield path and name of each file that a scenario names."""
    model = checked.model
    if model.matrix is not None:
        yield ("model", "matrix", "file"), model.matrix.file
        if model.matrix.rhs is not None:
            yield ("model", "matrix", "rhs"), model.matrix.rhs
    if model.network is not None and (name := getattr(model.network.dataset, "path", None)):
        yield DATA_PATH, name
    if model.network is not None and model.network.checkpoint is not None:
        yield ("model", "network", "checkpoint"), model.network.checkpoint
    if model.measurement not in (None, LIVE):
        yield ("model", "measurement"), model.measurement
    for position, machine in enumerate(checked.hardware):
        if machine.endswith((".yaml", ".yml")):
            yield ("hardware", position), machine
