"""Schedule rows on a constant clock: row k shows the frame at k / rate."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction

from facestream.errors import SourceError
from facestream.media.clock import STILL_PERIODS, check_step_back
from facestream.structures import Frame, VideoInfo

__all__ = ["schedule_rows"]

MAX_GAP_S = 600.0
"""A longer jump of the timestamps is an error of the file, not a still."""

ROUNDING_ROWS = 1e-6
"""Tolerance, since timestamps are floats."""


def schedule_rows(frames: Iterable[Frame], rate_hz: Fraction | None, info: VideoInfo) -> Iterator[tuple[Frame, int]]:
    """Iterate over the frames that have rows, each with the number of its rows: one if no rate is given.

    Row k is at k / rate after the first frame and shows the frame with the nearest time, so that a row is
    at most half a frame off. Only a still, a frame that stays much longer than others, holds until the next one comes.
    The last frame is shown for one period of the source.

    Raises:
        SourceError: timestamps jump back, or by more than ten minutes.
    """
    if rate_hz is None:
        yield from ((frame, 1) for frame in frames)
        return
    rate = float(rate_hz)
    period_s = max(1 / rate, float(1 / info.rate_hz))
    shown: Frame | None = None
    start_s, num_rows = 0.0, 0
    for frame in frames:
        if shown is None:
            start_s = frame.timestamp_s
        else:
            gap_s = frame.timestamp_s - shown.timestamp_s
            if gap_s > MAX_GAP_S:
                raise SourceError(
                    f"{info.path}: timestamps jump by {gap_s:.0f} s before frame {frame.index}, which a constant rate "
                    "cannot bridge; leave --rate out"
                )
            check_step_back(info.path, shown.timestamp_s, frame, period_s, "leave --rate out")
            shown_s, next_s = shown.timestamp_s - start_s, frame.timestamp_s - start_s
            end = _first_row(rate * shown_s, rate * next_s, is_still=next_s - shown_s > STILL_PERIODS * period_s)
            if end > num_rows:
                yield shown, end - num_rows
                num_rows = end
        shown = frame
    if shown is not None:
        duration_s = shown.timestamp_s - start_s + float(1 / info.rate_hz)
        end = max(1, math.ceil(duration_s * rate - 0.5 - ROUNDING_ROWS))
        if end > num_rows:
            yield shown, end - num_rows


def _first_row(shown: float, following: float, *, is_still: bool) -> int:
    """Return the first row that belongs to the following frame; both times are in rows."""
    if is_still:
        return math.ceil(following - 0.5 - ROUNDING_ROWS)
    return math.floor((shown + following) / 2 + ROUNDING_ROWS) + 1
