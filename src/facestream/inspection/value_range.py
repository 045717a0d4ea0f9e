"""Minimum, maximum and mean of numbers, computed block by block."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from facestream.inspection.description import Fact
from facestream.storage.floats import as_float64

__all__ = ["BLOCK_VALUES", "Tally", "ValueRange", "range_facts", "ranges_as_json"]

BLOCK_VALUES = 1 << 16


@dataclass(frozen=True, slots=True)
class ValueRange:
    """The range of the finite values in one or several columns; NaN if there are none."""

    minimum: float
    maximum: float
    mean: float
    num_not_finite: int


class Tally:
    """Accumulates minimum, maximum and mean of values block by block."""

    def __init__(self) -> None:
        self._minimum, self._maximum, self._mean = np.inf, -np.inf, 0.0
        self._num_finite = self._num_not_finite = 0

    def add(self, values: npt.NDArray[np.generic]) -> None:
        """Add values (rows, columns)."""
        # A single row may be longer than a block.
        for start in range(0, values.shape[1], BLOCK_VALUES):
            self._add_block(values[:, start : start + BLOCK_VALUES])

    def _add_block(self, values: npt.NDArray[np.generic]) -> None:
        numbers = as_float64(values)
        finite = numbers[np.isfinite(numbers)]
        self._num_not_finite += numbers.size - finite.size
        if finite.size:
            self._minimum = min(self._minimum, float(finite.min()))
            self._maximum = max(self._maximum, float(finite.max()))
            self._num_finite += finite.size
            # Weighted means, because a sum of large numbers could overflow to infinity.
            share = finite.size / self._num_finite
            with np.errstate(over="ignore"):
                mean = float(finite.mean())
            mean = mean if np.isfinite(mean) else float((finite / finite.size).sum())
            self._mean = self._mean * (1 - share) + mean * share

    def result(self) -> ValueRange:
        if not self._num_finite:
            return ValueRange(np.nan, np.nan, np.nan, self._num_not_finite)
        return ValueRange(self._minimum, self._maximum, self._mean, self._num_not_finite)


def range_facts(ranges: Mapping[str, ValueRange]) -> list[Fact]:
    """Return one line for each range."""
    facts = []
    for name, values in ranges.items():
        line = f"{values.minimum:.6g} to {values.maximum:.6g}, mean {values.mean:.6g}"
        if math.isnan(values.minimum):
            line = "no finite values"
        facts.append((name, line + (f", {values.num_not_finite} not finite" if values.num_not_finite else "")))
    return facts


def ranges_as_json(ranges: Mapping[str, ValueRange]) -> dict[str, Any]:
    """Return the ranges as JSON, with ``None`` instead of NaN."""
    return {
        name: {
            "min": None if math.isnan(values.minimum) else values.minimum,
            "max": None if math.isnan(values.maximum) else values.maximum,
            "mean": None if math.isnan(values.mean) else values.mean,
            "not_finite": values.num_not_finite,
        }
        for name, values in ranges.items()
    }
