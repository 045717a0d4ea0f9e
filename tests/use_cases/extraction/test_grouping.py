"""Which frames travel together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from facestream.structures import Frame
from facestream.use_cases.extraction.grouping import Scheduled, group_frames

NUM_BYTES = 10 * 10 * 3


def scheduled(*indices: int) -> Iterator[Scheduled]:
    return ((Frame(np.zeros((10, 10, 3), np.uint8), index), 1) for index in indices)


@pytest.mark.parametrize(
    ("detection_interval", "max_frames", "max_bytes", "sizes"),
    [
        (1, 4, 10**6, [4, 4, 1]),
        (1, 50, 10**6, [9]),
        (1, 50, 3 * NUM_BYTES, [3, 3, 3]),
        (1, 50, 1, [1] * 9),
        (4, 8, 10**6, [8, 1]),
        (4, 7, 10**6, [4, 4, 1]),
        # One cell is held in any case.
        (4, 1, 1, [4, 4, 1]),
    ],
)
def test_whole_cells_within_both_bounds(
    detection_interval: int, max_frames: int, max_bytes: int, sizes: list[int]
) -> None:
    groups = list(group_frames(scheduled(*range(9)), detection_interval, max_frames, max_bytes))
    assert [len(group.scheduled) for group in groups] == sizes
    indices = [[frame.index for frame in group.frames] for group in groups]
    assert [index for group in indices for index in group] == list(range(9))
    following = [group.following.index if group.following else None for group in groups]
    assert following == [first for first, *_ in indices[1:]] + [None]


def test_cells_are_cut_by_the_index_of_the_source() -> None:
    # On a constant clock some frames have no rows; the cells stay where they are.
    groups = group_frames(scheduled(0, 3, 5, 6, 8, 11), 4, 4, 10**6)
    assert [[frame.index for frame in group.frames] for group in groups] == [[0, 3], [5, 6], [8, 11]]


def test_no_frames_no_groups() -> None:
    assert list(group_frames(scheduled(), 4, 4, 100)) == []
