"""Find the keyframes at which a video can be divided, without decoding it.

At such a keyframe, every earlier packet is displayed earlier, and no later packet depends on an earlier one. A decoder
that starts there gives the same frames as one that started at the beginning.
"""

from __future__ import annotations

from array import array
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import av.error
import numpy as np
import numpy.typing as npt

from facestream.errors import FacestreamError
from facestream.media.container.length import count_missing_bytes
from facestream.media.container.media_file import MediaFile
from facestream.media.container.nal_units import begins_anew

__all__ = ["Cut", "NotDivisible", "VideoSurvey", "survey_video"]

KNOWN_CODECS = frozenset(
    "av1 dnxhd ffv1 h264 hevc huffyuv mjpeg mpeg1video mpeg2video mpeg4 png prores rawvideo theora utvideo vp8 "
    "vp9".split()
)
"""The codecs whose keyframes can be trusted."""

MAX_TICK = 2**52
"""Larger timestamps are not exact as floats."""


class NotDivisible(FacestreamError):  # noqa: N818 - nothing is wrong with such a video
    """A video that cannot be divided; the message says why."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A keyframe at which decoding can start."""

    index: int
    """The index of the frame in presentation order."""
    pts: int
    """The presentation timestamp in ticks of the stream."""
    dts: int
    """The decoding timestamp if the file has one, else the same as ``pts``."""


@dataclass(frozen=True, slots=True, eq=False)
class VideoSurvey:
    """The frames of a video and the keyframes at which it can be divided."""

    ticks: npt.NDArray[np.int64]
    """(F,) the timestamps of the frames in presentation order."""
    tick: tuple[int, int]
    """The duration of a tick in seconds."""
    cuts: tuple[Cut, ...]
    """The keyframes in order, starting with the first frame."""

    def cut_before(self, index: int) -> Cut:
        """Return the last such keyframe before or at a frame."""
        return next(cut for cut in reversed(self.cuts) if cut.index <= index)


def survey_video(path: Path) -> VideoSurvey:
    """Read all packets of a video.

    Raises:
        SourceError: it cannot be opened.
        NotDivisible: it is damaged, its timestamps cannot be trusted, or it has no cut but its start.
    """
    if count_missing_bytes(path):
        raise NotDivisible("the file is cut short")
    with closing(MediaFile(path)) as media:
        try:
            packets = _read_packets(media)
        except av.error.FFmpegError as error:
            raise NotDivisible(f"it cannot be read to its end ({error.strerror})") from error
    ticks = np.sort(packets.pts)
    if (np.diff(ticks) == 0).any():
        raise NotDivisible("several of its frames have the same timestamp")
    cuts = _find_cuts(packets)
    if not cuts or cuts[0].index != 0:
        raise NotDivisible("its timestamps jump, or it does not begin with a keyframe")
    if len(cuts) == 1:
        raise NotDivisible(f"it has {'open groups of pictures' if packets.num_keys > 1 else 'one keyframe only'}")
    _check_index(path, cuts)
    return VideoSurvey(ticks, packets.tick, cuts)


class _Packets(NamedTuple):
    """The facts about all packets of a video, in decoding order."""

    pts: npt.NDArray[np.int64]
    dts: npt.NDArray[np.int64]
    fresh: npt.NDArray[np.int64]
    """The numbers of the keyframe packets that depend on no earlier packet."""
    num_keys: int
    """The numbers of all keyframe packets."""
    tick: tuple[int, int]


def _read_packets(media: MediaFile) -> _Packets:
    stream = media.video_stream()
    context = stream.codec_context
    if context.name not in KNOWN_CODECS:
        raise NotDivisible(f"keyframes of the codec {context.name} are not known to stand alone")
    extradata, time_base = context.extradata or b"", stream.time_base
    pts, dts, fresh, num_keys = array("q"), array("q"), array("q"), 0
    for packet in media.packets(stream):
        if not packet.size or packet.is_discard:
            continue
        if packet.pts is None or not time_base or abs(packet.pts) > MAX_TICK:
            raise NotDivisible("its frames have no usable timestamps")
        if packet.is_corrupt:
            raise NotDivisible("it is damaged")
        if packet.is_keyframe:
            num_keys += 1
            if not len(pts) or begins_anew(bytes(packet), context.name, extradata):
                fresh.append(len(pts))
        pts.append(packet.pts)
        dts.append(packet.pts if packet.dts is None else packet.dts)
    if not len(pts) or not time_base:
        raise NotDivisible("there is no frame in it")
    tick = time_base.numerator, time_base.denominator
    return _Packets(_whole(pts), _whole(dts), _whole(fresh), num_keys, tick)


def _whole(numbers: array[int]) -> npt.NDArray[np.int64]:
    return np.array(numbers, dtype=np.int64)


def _check_index(path: Path, cuts: tuple[Cut, ...]) -> None:
    """Make sure that seeking finds the last keyframe. Some formats seek to a slightly earlier one."""
    with closing(MediaFile(path)) as media:
        stream = media.video_stream()
        try:
            media.seek(stream, cuts[-1].pts, cuts[-1].dts)
            landed = next(media.packets(stream))
        except (av.error.FFmpegError, StopIteration):
            raise NotDivisible("it has no index") from None
        if landed.pts is None or landed.pts < cuts[max(0, len(cuts) - 3)].pts:
            raise NotDivisible("it has no index")


def _find_cuts(packets: _Packets) -> tuple[Cut, ...]:
    """The key packets that part the video.

    With everything before shown before, the number of a packet is that of its frame.
    """
    pts = packets.pts
    latest_before = np.maximum.accumulate(pts)
    earliest_after = np.minimum.accumulate(pts[::-1])[::-1]
    return tuple(
        Cut(k, int(pts[k]), int(packets.dts[k]))
        for k in packets.fresh.tolist()
        if earliest_after[k] == pts[k] and (k == 0 or latest_before[k - 1] < pts[k])
    )
