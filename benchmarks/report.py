"""Benchmark results: figures, their targets, and how they are printed and stored."""

from __future__ import annotations

import json
import math
import operator
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from facestream.version import __version__

__all__ = ["Answer", "Bar", "Figure", "Result", "print_table", "write_json"]

RELATIONS = {"≤": operator.le, "<": operator.lt, "≥": operator.ge, "=": operator.eq}
TABLE_WIDTH = 150


@dataclass(frozen=True, slots=True)
class Bar:
    """The target of a figure."""

    relation: str
    limit: float

    def holds(self, value: float) -> bool:
        """Whether the value meets the target; NaN never does."""
        return bool(RELATIONS[self.relation](value, self.limit))


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number; NaN if there was nothing to measure."""

    label: str
    value: float
    unit: str = ""
    digits: int = 2
    bar: Bar | None = None

    @property
    def asked(self) -> str:
        return f"{self.label} {self.bar.relation} {self._with_unit(f'{self.bar.limit:g}')}" if self.bar else ""

    @property
    def measured(self) -> str:
        value = "none" if math.isnan(self.value) else self._with_unit(f"{self.value:.{self.digits}f}")
        return f"{self.label} {value}"

    @property
    def holds(self) -> bool | None:
        return self.bar.holds(self.value) if self.bar else None

    def to_json(self) -> dict[str, Any]:
        bar = f"{self.bar.relation} {self.bar.limit:g}" if self.bar else None
        return {"label": self.label, "value": self.value, "unit": self.unit, "asked": bar, "holds": self.holds}

    def _with_unit(self, number: str) -> str:
        return f"{number} {self.unit}".rstrip()


@dataclass(frozen=True, slots=True)
class Answer:
    """The measurements for a question."""

    figures: Sequence[Figure]
    rows: Sequence[Mapping[str, Any]] = ()
    """The individual cases behind the figures."""
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A question and its answer, or the reason why it was skipped."""

    name: str
    question: str
    seconds: float
    answer: Answer = field(default=Answer(()))
    skipped: str | None = None

    @property
    def asked(self) -> str:
        return "; ".join(figure.asked for figure in self.answer.figures if figure.bar)

    @property
    def measured(self) -> str:
        return f"skipped: {self.skipped}" if self.skipped else "; ".join(f.measured for f in self.answer.figures)

    @property
    def holds(self) -> bool | None:
        """Whether all targets are met; ``None`` if there are none."""
        verdicts = [figure.holds for figure in self.answer.figures if figure.bar]
        return all(verdicts) if verdicts else None

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "question": self.question,
            "asked": self.asked,
            "measured": self.measured,
            "holds": self.holds,
            "skipped": self.skipped,
            "seconds": round(self.seconds, 1),
            "figures": [figure.to_json() for figure in self.answer.figures],
            "notes": list(self.answer.notes),
            "rows": list(self.answer.rows),
        }


def print_table(results: Sequence[Result]) -> None:
    """Print the results as a table, with their notes below."""
    table = Table(show_lines=True)
    for column in ("question", "asked", "measured", "holds"):
        table.add_column(column, no_wrap=column == "holds")
    for result in results:
        holds = {True: "yes", False: "no", None: "-"}[result.holds]
        table.add_row(f"{result.name}: {result.question}", result.asked or "-", result.measured, holds)
    console = Console(width=TABLE_WIDTH, highlight=False, markup=False)
    console.print(table)
    for result in results:
        for note in result.answer.notes:
            console.print(f"{result.name}: {note}")


def write_json(path: Path, results: Sequence[Result]) -> None:
    """Write all results, with machine and versions; NaN becomes null."""
    path.parent.mkdir(parents=True, exist_ok=True)
    report = {"machine": _machine(), "versions": _versions(), "results": [result.to_json() for result in results]}
    path.write_text(json.dumps(_plain(report), indent=1, ensure_ascii=False, allow_nan=False) + "\n", "utf-8")


def _plain(value: Any) -> Any:
    """Round floats to six significant digits, and replace NaN by null."""
    if isinstance(value, float):
        return None if math.isnan(value) else float(f"{value:.6g}")
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value


def _machine() -> dict[str, Any]:
    return {"cpu": _cpu_name(), "num_cpus": os.cpu_count(), "system": f"{platform.system()} {platform.machine()}"}


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _versions() -> dict[str, str]:
    packages = ("torch", "openvino", "numpy", "opencv-python-headless", "av", "pillow", "scikit-image")
    versions = {"python": platform.python_version(), "facestream": __version__}
    installed = {distribution.metadata["Name"]: distribution.version for distribution in metadata.distributions()}
    return versions | {package: installed[package] for package in packages if package in installed}
