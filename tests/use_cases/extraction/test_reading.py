"""Frames that are decoded ahead."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from facestream.structures import Frame
from facestream.use_cases.extraction.grouping import Scheduled
from facestream.use_cases.extraction.reading import ReadAhead

NUM_BYTES = 8 * 8 * 3


def frames(count: int, made: list[int] | None = None) -> Iterator[Scheduled]:
    for index in range(count):
        if made is not None:
            made.append(index)
        yield Frame(np.zeros((8, 8, 3), np.uint8), index), 1


def readers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "facestream-reader"]


def wait_until(condition: object) -> None:
    assert callable(condition)
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


@pytest.mark.parametrize("max_frames", [1, 3, 10**6])
@pytest.mark.parametrize("max_bytes", [1, NUM_BYTES, 5 * NUM_BYTES, 10**9])
def test_all_frames_in_order(max_frames: int, max_bytes: int) -> None:
    with ReadAhead(frames(50), max_frames, max_bytes) as ahead:
        assert [frame.index for (frame, _) in ahead] == list(range(50))
    assert readers() == []


@pytest.mark.parametrize(("max_frames", "max_bytes"), [(3, 10**9), (10**6, 3 * NUM_BYTES)])
def test_no_more_wait_than_may(max_frames: int, max_bytes: int) -> None:
    made: list[int] = []
    with ReadAhead(frames(50, made), max_frames, max_bytes) as ahead:
        # Three wait, and a fourth is in the reader's hand.
        wait_until(lambda: len(made) == 4)
        time.sleep(0.05)
        assert len(made) == 4
        next(ahead)
        wait_until(lambda: len(made) == 5)
    assert readers() == []


def test_frames_that_were_taken_are_not_held() -> None:
    with ReadAhead(frames(20), 10**6, 10**9) as ahead:
        living = [weakref.ref(next(ahead)[0].pixels) for _ in range(20)]
        assert next(ahead, None) is None
        assert [pixels() is None for pixels in living] == [True] * 20


def test_an_error_comes_after_the_frames_before_it() -> None:
    def breaks() -> Iterator[Scheduled]:
        yield from frames(2)
        raise ValueError("the disk is gone")

    with ReadAhead(breaks(), 9, 10**6) as ahead:
        assert [next(ahead)[0].index for _ in range(2)] == [0, 1]
        with pytest.raises(ValueError, match="the disk is gone"):
            next(ahead)
    assert readers() == []


@pytest.mark.parametrize("num_taken", [0, 1, 7])
def test_leaving_early_ends_the_thread(num_taken: int) -> None:
    with ReadAhead(frames(10**9), 9, 2 * NUM_BYTES) as ahead:
        for _ in range(num_taken):
            next(ahead)
        assert len(readers()) == 1
    assert readers() == []


@pytest.mark.parametrize("has_begun", [True, False])
def test_ctrl_c_while_the_thread_is_begun(has_begun: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    begin, made = threading.Thread.start, list[int]()

    def interrupted(thread: threading.Thread) -> None:
        if has_begun:
            begin(thread)
        raise KeyboardInterrupt

    ahead = ReadAhead(frames(10**9, made), 9, 10**6)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", interrupted)
        with pytest.raises(KeyboardInterrupt):
            ahead.__enter__()
    if not has_begun:
        begin(ahead._thread)
        ahead._thread.join(30)
        assert made == [], "a thread that begins too late asks for nothing"
    assert readers() == []


def test_a_job_leaves_no_thread(carphone: Path) -> None:
    from facestream import iter_meshes

    rows = iter_meshes(carphone)
    next(rows)
    rows.close()  # type: ignore[attr-defined]
    assert not [t for t in threading.enumerate() if t.name.startswith("facestream-")]
