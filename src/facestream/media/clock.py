"""Derive the single frame rate of an SSI stream from timestamps."""

from __future__ import annotations

from array import array
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from facestream.errors import SourceError

__all__ = ["STILL_PERIODS", "FrameClock", "TimedFrame", "check_step_back", "format_rate"]

STILL_PERIODS = 1.5
"""A frame that is shown for more periods than this is a still. Timestamps that go back by more have jumped."""


class TimedFrame(Protocol):
    """A frame, or its result."""

    @property
    def index(self) -> int: ...

    @property
    def timestamp_s(self) -> float: ...

    @property
    def size(self) -> tuple[int, int]: ...


class FrameClock:
    """The timestamps of the frames of all written rows, eight bytes each."""

    def __init__(self, rate_hz: Fraction, tick_s: float, constant_hz: Fraction | None = None) -> None:
        """``rate_hz`` and ``tick_s`` come from the container; ``constant_hz`` is the requested rate of the rows, if
        any."""
        self._container_rate_hz = rate_hz
        self._constant_hz = constant_hz
        self._tick_s = tick_s
        self._timestamps_s = array("d")

    def add(self, timestamp_s: float) -> None:
        """Add a row of a frame with this timestamp."""
        self._timestamps_s.append(timestamp_s)

    @property
    def timestamps_s(self) -> npt.NDArray[np.float64]:
        return np.array(self._timestamps_s, dtype=np.float64)

    @property
    def rate_hz(self) -> Fraction:
        """The requested rate, else that of the container if frames keep to it, else (frames - 1) / (last - first)."""
        if self._constant_hz is not None:
            return self._constant_hz
        times = self.timestamps_s
        # Timestamps are rounded to a tick. If a tick is a whole frame, half a frame is the limit.
        allowed_s = min(self._tick_s, 0.5 / float(self._container_rate_hz)) + 1e-6
        if len(times) < 2 or times[-1] <= times[0] or self._drift_s(self._container_rate_hz) <= allowed_s:
            return self._container_rate_hz
        return Fraction(len(times) - 1) / Fraction(float(times[-1] - times[0]))

    @property
    def has_jumped_back(self) -> bool:
        """Whether timestamps start again, as in joined recordings. Slight disorder does not count."""
        return bool((np.diff(self.timestamps_s) < -STILL_PERIODS / float(self.rate_hz)).any())

    @property
    def drift_s(self) -> float:
        """The largest difference between the time of a row by ``rate_hz`` and that of its frame."""
        return self._drift_s(self.rate_hz)

    def _drift_s(self, rate_hz: Fraction) -> float:
        times = self.timestamps_s
        if not len(times):
            return 0.0
        return float(np.abs(times - times[0] - np.arange(len(times)) / float(rate_hz)).max())


def check_step_back(path: Path, before_s: float, frame: TimedFrame, period_s: float, remedy: str) -> None:
    """Make sure that timestamps have not started again since the previous frame.

    Raises:
        SourceError: it has.
    """
    if frame.timestamp_s < before_s - STILL_PERIODS * period_s:
        jump_s = before_s - frame.timestamp_s
        raise SourceError(
            f"{path}: timestamps jump back by {jump_s:.3g} s before frame {frame.index}, so that frames cannot be "
            f"found by time; {remedy}"
        )


def format_rate(rate_hz: Fraction | float) -> str:
    """Format a rate with 3 to 9 decimals, as needed: ``25.000``, ``29.97002997``."""
    whole, decimals = f"{float(rate_hz):.9f}".split(".")
    return f"{whole}.{decimals.rstrip('0').ljust(3, '0')}"
