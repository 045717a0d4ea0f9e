"""Write RGB frames with their timestamps as an MP4."""

from __future__ import annotations

import contextlib
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import av.error
import numpy as np
import numpy.typing as npt
from av.video.stream import VideoStream

from facestream.errors import OutputError, SourceError
from facestream.media.container.ffmpeg import open_writer
from facestream.media.container.media_file import MediaFile

__all__ = ["VideoWriter", "read_comment"]

ENCODERS: tuple[tuple[str, dict[str, str]], ...] = (
    ("libx264", {"crf": "20", "preset": "veryfast"}),
    ("libopenh264", {}),
    ("h264_videotoolbox", {}),
    ("libvpx-vp9", {"crf": "28", "b": "0", "deadline": "realtime", "cpu-used": "6"}),
    ("mpeg4", {"qscale": "3"}),
)
"""The encoders in order of preference. Which exist depends on the build of FFmpeg."""

CLOCK_HZ = 60_000
"""Ticks per second: a whole number of ticks per frame at all common rates, including NTSC. MPEG-4 allows up to
65,535."""


class VideoWriter:
    """An MP4 with 4:2:0 frames of even size. Odd frames get one more row or column."""

    def __init__(
        self,
        path: Path,
        size: tuple[int, int],
        rate_hz: Fraction,
        pixel_aspect: float,
        comment: str = "",
        *,
        shown_path: Path | None = None,
    ) -> None:
        """Open the file for frames of ``size`` (width, height); error messages name ``shown_path``.

        Raises:
            OutputError: it cannot be written, or there is no encoder.
        """
        self.path = shown_path or path
        self._size = size
        self._last_pts = -1
        self._start_s: float | None = None
        try:
            self._container = open_writer(path, "mp4", {"movflags": "+faststart"})
            self._container.metadata["comment"] = comment
            self._stream = self._add_stream(rate_hz)
        except (av.error.FFmpegError, OSError) as error:
            raise OutputError(f"{self.path}: the video cannot be written ({error.strerror})") from error
        width, height = size
        self._stream.width, self._stream.height = width + width % 2, height + height % 2
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.sample_aspect_ratio = Fraction(pixel_aspect).limit_denominator(255)
        self._stream.codec_context.time_base = Fraction(1, CLOCK_HZ)

    def write(self, image: npt.NDArray[np.uint8], timestamp_s: float) -> None:
        """Append one RGB frame (H, W, 3) of the size that the file was opened for."""
        odd = image.shape[0] % 2, image.shape[1] % 2
        if any(odd):
            image = np.pad(image, ((0, odd[0]), (0, odd[1]), (0, 0)), mode="edge")
        self._start_s = timestamp_s if self._start_s is None else self._start_s
        frame = av.VideoFrame.from_ndarray(image, format="rgb24")
        frame.pts = self._last_pts = max(self._last_pts + 1, round((timestamp_s - self._start_s) * CLOCK_HZ))
        frame.time_base = Fraction(1, CLOCK_HZ)
        self._mux(frame)

    def close(self) -> None:
        """Flush the encoder and write the index."""
        self._mux(None)
        try:
            self._container.close()
        except (av.error.FFmpegError, OSError) as error:
            raise OutputError(f"{self.path}: the video cannot be written ({error.strerror})") from error

    def abandon(self) -> None:
        """Close the file in any state."""
        with contextlib.suppress(av.error.FFmpegError, OSError, ValueError):
            self._container.close()

    def _add_stream(self, rate_hz: Fraction) -> VideoStream:
        for name, options in ENCODERS:
            if name in av.codecs_available:
                rate = Fraction(rate_hz).limit_denominator(60_000)
                return cast(VideoStream, self._container.add_stream(name, rate=rate, options=dict(options)))
        raise OutputError(f"{self.path}: this FFmpeg has no encoder for MP4; leave --overlay out")

    def _mux(self, frame: Any) -> None:
        try:
            for packet in self._stream.encode(frame):
                self._container.mux(packet)
        except (av.error.FFmpegError, OSError) as error:
            raise OutputError(f"{self.path}: the video cannot be written ({error.strerror})") from error


def read_comment(path: Path) -> str:
    """Return the comment of a video file; empty if it has none or is not a video."""
    try:
        with closing(MediaFile(path)) as media:
            return media.container.metadata.get("comment", "")
    except SourceError:
        return ""
