"""Read the timestamps of a video's frames without decoding them."""

from __future__ import annotations

from contextlib import closing, suppress

import av.error
import numpy as np
import numpy.typing as npt

from facestream.media.clock import FrameClock
from facestream.media.container.media_file import MediaFile
from facestream.structures import VideoInfo

__all__ = ["frame_clock", "read_frame_times"]


def read_frame_times(info: VideoInfo) -> npt.NDArray[np.float64]:
    """The times (frames,) in seconds that the packets of the video carry, in order; zero for a picture.

    Reading breaks off where the file does.
    """
    if info.kind == "picture":
        return np.zeros(1)
    if info.times_s is not None:
        return np.array(info.times_s)
    times_s: list[float] = []
    with closing(MediaFile(info.path)) as media:
        stream = media.video_stream()
        with suppress(av.error.FFmpegError):
            times_s.extend(
                float(packet.pts * (stream.time_base or 0))
                for packet in media.packets(stream)
                if packet.pts is not None and packet.size and not packet.is_discard
            )
    return np.sort(np.array(times_s, dtype=np.float64))


def frame_clock(info: VideoInfo) -> FrameClock:
    """Return the clock of a job on the whole video."""
    clock = FrameClock(info.rate_hz, info.tick_s)
    for time_s in read_frame_times(info):
        clock.add(float(time_s))
    return clock
