"""Group frames into batches of whole detection intervals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from facestream.structures import Frame

__all__ = ["FrameGroup", "Scheduled", "group_frames"]

Scheduled = tuple[Frame, int]
"""A frame and the number of its rows."""


class FrameGroup(NamedTuple):
    """Frames of one or more whole detection intervals."""

    scheduled: list[Scheduled]
    following: Frame | None
    """The first frame of the next group."""

    @property
    def frames(self) -> list[Frame]:
        return [frame for frame, _ in self.scheduled]


def group_frames(
    scheduled: Iterable[Scheduled], detection_interval: int, max_frames: int, max_bytes: int
) -> Iterator[FrameGroup]:
    """Group whole detection intervals, counted by frame index, up to a batch and ``max_bytes``, but at least one
    interval."""
    group: list[Scheduled] = []
    for entry in scheduled:
        frame = entry[0]
        is_new_interval = bool(group) and frame.index // detection_interval != group[-1][0].index // detection_interval
        num_frames = len(group) + detection_interval
        if is_new_interval and (num_frames > max_frames or num_frames * frame.pixels.nbytes > max_bytes):
            yield FrameGroup(group, frame)
            group = []
        group.append(entry)
        # No more frames are held than are counted.
        del entry, frame
    if group:
        yield FrameGroup(group, None)
