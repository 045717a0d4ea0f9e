from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facestream.media.clock import FrameClock, format_rate

NTSC = Fraction(30000, 1001)


def clock_of(times_s: list[float], rate_hz: Fraction | int, tick_s: float = 1e-3) -> FrameClock:
    clock = FrameClock(Fraction(rate_hz), tick_s)
    for time_s in times_s:
        clock.add(time_s)
    return clock


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (25, "25.000"),
        (Fraction(25, 2), "12.500"),
        (NTSC, "29.97002997"),
        (Fraction(24000, 1001), "23.976023976"),
        (1, "1.000"),
        (Fraction(519168, 19667), "26.397925459"),
        (0.1234567891, "0.123456789"),
    ],
)
def test_rates_have_3_to_9_decimals(rate: Fraction, text: str) -> None:
    assert format_rate(rate) == text


@given(st.fractions(min_value=Fraction(1, 1000), max_value=1000))
def test_a_formatted_rate_is_the_rate(rate: Fraction) -> None:
    text = format_rate(rate)
    assert abs(float(text) - float(rate)) <= 5.1e-10
    assert 3 <= len(text.split(".")[1]) <= 9


def test_constant_rate_with_rounded_time_stamps_is_the_containers() -> None:
    # Matroska rounds to milliseconds; the rate stays exact.
    times = [round(5 + k / float(NTSC), 3) for k in range(1000)]
    clock = clock_of(times, NTSC)
    assert clock.rate_hz == NTSC
    assert clock.drift_s < 1.01e-3


def test_variable_rate_is_measured_from_first_to_last() -> None:
    clock = clock_of([2.0, 2.1, 2.15, 2.6, 3.0], 25)
    assert float(clock.rate_hz) == pytest.approx(4 / 1.0)
    # Rows at 0, 0.25, 0.5, 0.75, 1 s: frame 2 is 0.35 s off.
    assert clock.drift_s == pytest.approx(0.35)


def test_a_dropped_frame_shows_where_a_tick_is_a_frame() -> None:
    clock = clock_of([k / 25 for k in range(30) if k != 12], 25, tick_s=1 / 25)
    assert float(clock.rate_hz) == pytest.approx(28 / (29 / 25))


@pytest.mark.parametrize("times", [[], [7.0], [3.0, 3.0], [3.0, 1.0]])
def test_where_time_stamps_say_nothing_the_container_does(times: list[float]) -> None:
    clock = clock_of(times, 25)
    assert clock.rate_hz == 25
    np.testing.assert_array_equal(clock.timestamps_s, times)
