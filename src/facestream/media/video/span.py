"""Read some frames of a video, with the same result as when it is read from its start."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from facestream.errors import SourceError
from facestream.media.video.reader import VideoSource
from facestream.media.video.survey import Cut
from facestream.storage.packed_numbers import unpack_numbers
from facestream.structures import Frame

__all__ = ["SpanError", "SpanSource", "VideoSpan"]


class SpanError(SourceError):
    """The frames of a span differ from those that the survey of the video found."""


@dataclass(frozen=True, slots=True)
class VideoSpan:
    """Consecutive frames, with the keyframe to start from and the timestamps to check."""

    first: int
    """The index of the first frame."""
    num_frames: int
    cut: Cut
    """The keyframe at which decoding starts."""
    ticks: str
    """The packed timestamps of the frames."""


class SpanSource:
    """The frames of a span. Earlier frames are dropped by their timestamps."""

    def __init__(self, path: Path, span: VideoSpan, num_threads: int | None = None) -> None:
        """Open the video and find its first frame, which holds the rotation, then the first frame of the span.

        Raises:
            SourceError: it cannot be read.
        """
        self._video = VideoSource(path, num_threads)
        self.info = self._video.info
        self.shortfall: str | None = None
        self.notes: tuple[str, ...] = ()
        self._span = span
        try:
            if span.cut.index:
                self._video.seek(span.cut.pts, span.cut.dts)
        except BaseException:
            self._video.close()
            raise

    def __iter__(self) -> Iterator[Frame]:
        """Iterate over the frames, once.

        Raises:
            SpanError: another frame came, or none, or a packet was damaged.
        """
        tick = self._video.tick
        times_s = [number * tick.numerator / tick.denominator for number in unpack_numbers(self._span.ticks).tolist()]
        num_found = 0
        for frame in self._video:
            if not num_found and frame.timestamp_s < times_s[0]:
                continue
            if frame.timestamp_s != times_s[num_found] or self._video.num_damaged:
                break
            num_found += 1
            # Keep no reference, so that the frame is freed before the next one is made.
            yield replace(frame, index=self._span.first + num_found - 1)
            if num_found == len(times_s):
                return
        raise SpanError(
            f"{self.info.path}: frame {self._span.first + num_found} cannot be reached from the keyframe "
            f"{self._span.cut.index}"
        )

    def close(self) -> None:
        self._video.close()
