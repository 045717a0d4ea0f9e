from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facestream.errors import SourceError
from facestream.media.row_schedule import schedule_rows
from facestream.structures import Frame, VideoInfo

PIXEL = np.zeros((1, 1, 3), np.uint8)


def rows(times_s: Sequence[float], rate: float | None, source_rate: float = 25) -> list[int]:
    """The frame of each row."""
    frames = [Frame(PIXEL, index, time_s) for index, time_s in enumerate(times_s)]
    rate_hz = None if rate is None else Fraction(rate)
    info = VideoInfo(Path("c.ts"), "video", 1, 1, Fraction(source_rate), 1e-3, None, 0, False, 1.0)
    scheduled = schedule_rows(frames, rate_hz, info)
    return [frame.index for frame, num_rows in scheduled for _ in range(num_rows)]


def test_without_a_rate_each_frame_is_a_row() -> None:
    assert rows([0, 5, 1, 1000], None) == [0, 1, 2, 3]


@pytest.mark.parametrize("rate", [10, 25, Fraction(30000, 1001)])
def test_the_own_rate_changes_nothing(rate: Fraction) -> None:
    times_s = [round(float(k / Fraction(rate)), 3) + 7 for k in range(100)]
    assert rows(times_s, float(rate), float(rate)) == list(range(100))


def test_half_and_double_rate() -> None:
    times_s = [k / 10 for k in range(6)]
    assert rows(times_s, 5, 10) == [0, 2, 4]
    assert rows(times_s, 20, 10) == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert rows(times_s, 1, 10) == [0]


def test_the_nearest_frame() -> None:
    # Row 3 at 0.12 s lies between the frames at 0.1 and 0.1333 s and is nearer to the latter.
    times_s = [k / 30 for k in range(30)]
    assert rows(times_s, 25, 30)[:6] == [0, 1, 2, 4, 5, 6]
    assert len(rows(times_s, 25, 30)) == 25


def test_a_still_holds_until_the_next_frame_comes() -> None:
    assert rows([0, 0.1, 0.15, 0.6, 1.0], 10, 10) == [0, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4]


def test_time_stamps_that_go_back_or_stand_still() -> None:
    assert rows([0, 0.04, 0.04, 0.02, 0.08, 0.12], 25) == [0, 1, 4, 5]


def test_a_jump_of_the_clock_is_refused() -> None:
    with pytest.raises(SourceError, match=r"c\.ts: timestamps jump by 90000 s before frame 1"):
        rows([0, 90_000], 25)
    with pytest.raises(SourceError, match=r"c\.ts: timestamps jump back by 0\.08 s before frame 3, .*; leave --rate"):
        rows([0, 0.04, 0.08, 0.0, 0.04], 25)
    assert rows([0, 0.04, 0.08, 0.0, 0.04], None) == [0, 1, 2, 3, 4]


@given(
    st.lists(st.floats(0.03, 0.044), min_size=1, max_size=80),
    st.floats(1, 100),
    st.floats(0, 1000),
)
def test_a_row_is_within_half_a_frame_of_its_frame(gaps_s: list[float], rate: float, start_s: float) -> None:
    times_s = start_s + np.cumsum([0.0, *gaps_s])
    source_rate = len(gaps_s) / (times_s[-1] - times_s[0])
    chosen = rows(times_s.tolist(), rate, source_rate)
    assert chosen == sorted(chosen)
    errors_s = np.abs(times_s[chosen] - start_s - np.arange(len(chosen)) / rate)
    frame_s = max([*gaps_s, 1 / rate])
    assert errors_s.max() <= frame_s / 2 + 1e-5 / rate + max(0.0, 1 / source_rate - frame_s / 2)
    assert abs(len(chosen) - (times_s[-1] - start_s + 1 / source_rate) * rate) <= 1
