"""Rows on a constant clock: which frame is shown at k / rate."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction

from facestream.errors import SourceError
from facestream.structures import Frame

__all__ = ["schedule_rows"]

MAX_GAP_S = 600.0
"""A longer jump of the time stamps is a fault of the file, not a still picture."""

STILL_PERIODS = 1.5
"""A frame that stays for more periods of the rows or the source, whichever are longer, is a still."""

ROUNDING_ROWS = 1e-6
"""Time stamps are floats."""


def schedule_rows(
    frames: Iterable[Frame], rate_hz: Fraction | None, source_rate_hz: Fraction
) -> Iterator[tuple[Frame, int]]:
    """Each frame that has rows, and how many: one where there is no rate.

    Row k stands for the moment k / rate after the first frame and is the frame whose time is nearest, so that a row is
    at most half a frame off. Only a still, a frame that stays much longer than others, holds until the next one comes.
    The last frame is shown for one period of ``source_rate_hz``.

    Raises:
        SourceError: time stamps jump by more than ten minutes.
    """
    if rate_hz is None:
        yield from ((frame, 1) for frame in frames)
        return
    rate = float(rate_hz)
    still_s = STILL_PERIODS * max(1 / rate, float(1 / source_rate_hz))
    shown: Frame | None = None
    start_s, num_rows = 0.0, 0
    for frame in frames:
        if shown is None:
            start_s = frame.timestamp_s
        else:
            if frame.timestamp_s - shown.timestamp_s > MAX_GAP_S:
                raise SourceError(
                    f"time stamps jump by {frame.timestamp_s - shown.timestamp_s:.0f} s before frame {frame.index}, "
                    "which a constant rate cannot bridge; leave --rate out"
                )
            shown_s, next_s = shown.timestamp_s - start_s, frame.timestamp_s - start_s
            end = _first_row(rate * shown_s, rate * next_s, is_still=next_s - shown_s > still_s)
            if end > num_rows:
                yield shown, end - num_rows
                num_rows = end
        shown = frame
    if shown is not None:
        duration_s = shown.timestamp_s - start_s + float(1 / source_rate_hz)
        end = max(1, math.ceil(duration_s * rate - 0.5 - ROUNDING_ROWS))
        if end > num_rows:
            yield shown, end - num_rows


def _first_row(shown: float, following: float, *, is_still: bool) -> int:
    """The first row that belongs to the following frame; both times are in rows."""
    if is_still:
        return math.ceil(following - 0.5 - ROUNDING_ROWS)
    return math.floor((shown + following) / 2 + ROUNDING_ROWS) + 1
