"""Read face boxes from a stream, frame by frame."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from facestream.errors import StreamFormatError
from facestream.media.clock import FrameClock, TimedFrame, check_step_back
from facestream.media.video.frame_times import frame_clock
from facestream.ssi.columns import BOX_COLUMNS, CLOCK, CONSTANT_CLOCK, split_box_rows
from facestream.ssi.stream import SsiStream, read_stream
from facestream.storage.floats import as_float64
from facestream.structures import Detections, VideoInfo

__all__ = ["BoxTrack"]

SAME_RATE_HZ = 0.001
"""The precision of rates in headers, which have three or more decimals."""

SLACK = 1e-3
"""The tolerance of a confidence, which rounding may bring slightly above 1."""

MAX_FRACTION = 10.0
"""The largest fraction. A face may be larger than the frame, but not ten times; larger values must be pixels."""

BLOCK_ROWS = 1 << 13


class BoxTrack:
    """The boxes of a stream ymin, xmin, ymax, xmax[, confidence], fractions of the frame, aligned with a video.

    Rows whose confidence is too low, rows of zeros and empty boxes have no face, and neither have boxes that lie
    outside the frame, which are counted.
    """

    def __init__(
        self,
        path: Path,
        info: VideoInfo,
        min_score: float,
        *,
        skips_frames: bool = False,
        clock_of: Callable[[VideoInfo], FrameClock] = frame_clock,
        start_s: float | None = None,
    ) -> None:
        """Read and check all boxes.

        Args:
            path: the header of the stream.
            info: what is known of the video.
            min_score: rows with a lower confidence have no face; with 0 every positive box counts.
            skips_frames: not every frame of the video will be asked for.
            clock_of: tells the clock of the video's frames.
            start_s: the timestamp of the video's first frame, where that is not the first to be asked for.

        Raises:
            SourceError: the stream cannot be read.
            StreamFormatError: it holds no boxes, or such as cannot be meant.
        """
        self._path = path
        stream = read_stream(path)
        self._rows, self._rate_hz = stream.data, stream.rate_hz
        self._first_frame, self._first_s = stream.first_frame, stream.start_s
        num_columns = self._rows.shape[1]
        if num_columns not in (BOX_COLUMNS - 1, BOX_COLUMNS) or self._rows.dtype.kind == "b":
            raise StreamFormatError(
                f"{path}: {num_columns} columns of {self._rows.dtype}; a box stream has 4 or 5: "
                "ymin, xmin, ymax, xmax, and perhaps the confidence"
            )
        self._has_face = np.zeros(len(self._rows), dtype=bool)
        self._num_outside = 0
        for start in range(0, len(self._rows), BLOCK_ROWS):
            self._check(as_float64(self._rows[start : start + BLOCK_ROWS]), start, min_score)
        clock = clock_of(info)
        self._video_path = info.path
        self._frame_rate_hz = float(clock.rate_hz)
        self._by_index = _is_by_index(stream, info, clock)
        self._times_s = clock.timestamps_s if skips_frames else None
        self._start_s = start_s
        self._num_frames = self._num_beyond = 0
        self._last_s = 0.0

    def boxes_of(self, frames: Sequence[TimedFrame]) -> list[Detections]:
        """Return zero or one box for each of the next frames, in pixels of that frame."""
        return [self._box_of(frame) for frame in frames]

    def warnings(self) -> Iterator[str]:
        """Iterate over warnings about the alignment of boxes and frames, after the last frame."""
        self._count_skipped_frames()
        num_rows = len(self._rows)
        lengths = (
            f"{self._path} has {num_rows} rows at {self._rate_hz:.6g} Hz ({num_rows / self._rate_hz:.2f} s), "
            f"the video {self._num_frames} frames at {self._frame_rate_hz:.6g} Hz"
        )
        if not self._by_index and num_rows == self._num_frames:
            lengths += "; as many rows as frames, so perhaps its rate is wrong"
        where = "before and behind it" if self._first_frame else "beyond its end"
        if self._num_beyond:
            yield f"{lengths}; the {self._num_beyond} frames {where} are missing"
        elif self._by_index and num_rows > self._num_frames:
            yield f"{lengths}; its last {num_rows - self._num_frames} rows were not used"
        elif not self._by_index:
            left_s = num_rows / self._rate_hz - self._last_s - 1 / self._frame_rate_hz
            if left_s > max(1 / self._rate_hz, 1 / self._frame_rate_hz):
                yield f"{lengths}; its last {left_s:.2f} s were not used"
        if self._num_outside:
            yield f"{self._path}: {self._num_outside} of its boxes lie outside the frame; their frames are missing"

    def _box_of(self, frame: TimedFrame) -> Detections:
        if self._start_s is None:
            self._start_s = frame.timestamp_s
        if not self._by_index:
            before_s = self._start_s + self._last_s
            remedy = "give a box stream of the video's own rate, a row a frame"
            check_step_back(self._video_path, before_s, frame, 1 / self._frame_rate_hz, remedy)
        self._num_frames = frame.index + 1
        self._last_s = frame.timestamp_s - self._start_s
        row = self._row_of(frame.index, self._last_s)
        self._num_beyond += not 0 <= row < len(self._rows)
        if not 0 <= row < len(self._rows) or not self._has_face[row]:
            return _boxes(np.empty((0, 4)), np.empty(0))
        return _boxes(*split_box_rows(np.asarray(self._rows[row : row + 1]), frame.size))

    def _count_skipped_frames(self) -> None:
        """Count frames beyond the boxes, including those that were skipped."""
        if self._times_s is None or len(self._times_s) < self._num_frames:
            return
        times_s = self._times_s - self._times_s[0]
        rows = (self._row_of(index, time_s) for index, time_s in enumerate(times_s))
        self._num_beyond = sum(not 0 <= row < len(self._rows) for row in rows)
        self._num_frames, self._last_s = len(times_s), float(times_s[-1])

    def _row_of(self, index: int, time_s: float) -> int:
        """Return the row of a frame: by index, or the nearest one, as NOVA samples streams. The last row covers its
        period.

        A stream of a part of the clip begins with a later frame; what comes before it has a row below 0.
        """
        num_rows = len(self._rows)
        if self._by_index:
            return index - self._first_frame
        time_s -= self._first_s
        if self._first_s and time_s < -0.5 / self._rate_hz:
            return -1
        if time_s * self._rate_hz >= num_rows - 1e-6:
            return num_rows
        return max(0, min(math.floor(time_s * self._rate_hz + 0.5), num_rows - 1))

    def _check(self, rows: npt.NDArray[np.float64], start: int, min_score: float) -> None:
        """Find the rows that have a face."""
        if rows.shape[1] == BOX_COLUMNS:
            self._refuse(~np.isfinite(rows[:, 4]), rows, start, "its confidence is no finite number")
            counts = (rows[:, 4] >= min_score) | (min_score == 0)
            self._refuse(rows[:, 4] > 1 + SLACK, rows, start, "its confidence is not from 0 to 1")
        else:
            counts = np.ones(len(rows), dtype=bool)
        boxes = rows[:, :4]
        counts &= (boxes != 0).any(axis=1)
        self._refuse(counts & ~np.isfinite(boxes).all(axis=1), rows, start, "its box is not finite")
        ymin, xmin, ymax, xmax = np.where(counts[:, None], boxes, 0.0).T
        self._refuse((ymax < ymin) | (xmax < xmin), rows, start, "its box ends before it begins")
        is_large = counts & (np.abs(boxes) > MAX_FRACTION).any(axis=1)
        self._refuse(is_large, rows, start, "boxes are fractions of the frame; divide y by its height, x by its width")
        has_box = counts & (ymax > ymin) & (xmax > xmin)
        is_outside = has_box & ((ymax <= 0) | (xmax <= 0) | (ymin >= 1) | (xmin >= 1))
        self._num_outside += int(is_outside.sum())
        self._has_face[start : start + len(rows)] = has_box & ~is_outside

    def _refuse(self, is_bad: npt.NDArray[np.bool_], rows: npt.NDArray[np.float64], start: int, why: str) -> None:
        if is_bad.any():
            first = int(is_bad.argmax())
            values = ", ".join(f"{value:g}" for value in rows[first])
            raise StreamFormatError(
                f"{self._path}: row {start + first} cannot be a face ({values}): {why}; "
                "wanted are ymin, xmin, ymax, xmax[, confidence], fractions of the frame"
            )


def _is_by_index(stream: SsiStream, info: VideoInfo, clock: FrameClock) -> bool:
    """Whether a stream has a row for each frame of the video: its rate is the video's.

    Where the frame rate varies, a stream has either the rate that facestream writes or the container's average; the
    latter may be a constant clock too, if it does not have as many rows as there are frames. Of its own constant clocks
    facestream says so in the header.
    """
    if stream.meta.get(CLOCK) == CONSTANT_CLOCK:
        return False
    if abs(stream.rate_hz - float(clock.rate_hz)) <= SAME_RATE_HZ:
        return True
    num_frames = len(clock.timestamps_s)
    return len(stream.data) == num_frames and abs(stream.rate_hz - float(info.rate_hz)) <= SAME_RATE_HZ


def _boxes(boxes: npt.NDArray[Any], scores: npt.NDArray[Any]) -> Detections:
    return Detections(boxes, np.full((len(boxes), 6, 2), np.nan), scores)
