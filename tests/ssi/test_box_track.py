from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from facestream.errors import SourceError, StreamFormatError
from facestream.media.clock import FrameClock
from facestream.ssi.box_track import BoxTrack
from facestream.ssi.stream import write_stream
from facestream.structures import Frame, VideoInfo

IMAGE = np.zeros((50, 100, 3), np.uint8)
"""100 wide, 50 high."""

in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def video(rate: float = 25, num_frames: int | None = None) -> VideoInfo:
    return VideoInfo(Path("c.mp4"), "video", 100, 50, Fraction(rate), 1e-3, num_frames, 0, False, 1.0)


def track(
    folder: Path, rows: Sequence[Sequence[float]] | npt.NDArray[np.generic], *, rate: float = 25, min_score: float = 0.5
) -> BoxTrack:
    write_stream(folder / "b.stream", np.atleast_2d(np.asarray(rows, dtype=np.float32)), rate)
    return BoxTrack(folder / "b.stream", video(), min_score, clock_of=steady)


def steady(info: VideoInfo) -> FrameClock:
    return FrameClock(info.rate_hz, info.tick_s)


def uneven(times_s: Sequence[float]) -> Callable[[VideoInfo], FrameClock]:
    def clock_of(info: VideoInfo) -> FrameClock:
        clock = FrameClock(info.rate_hz, info.tick_s)
        for time_s in times_s:
            clock.add(time_s)
        return clock

    return clock_of


def frames(num: int, rate: float = 25, start_s: float = 0.0) -> list[Frame]:
    return [Frame(IMAGE, k, start_s + k / rate) for k in range(num)]


def left_edges(boxes: BoxTrack, shown: Sequence[Frame]) -> list[float | None]:
    """The left edge in fractions for each frame, by which a row is known again."""
    return [round(float(box.boxes[0, 0]) / 100, 4) if len(box) else None for box in boxes.boxes_of(shown)]


def row(left: float, confidence: float = 0.9) -> list[float]:
    return [0.2, left, 0.8, left + 0.3, confidence]


def test_rows_become_pixels_of_the_frame(tmp_path: Path) -> None:
    (found,) = track(tmp_path, [[0.2, 0.1, 0.8, 0.4, 0.75]]).boxes_of(frames(1))
    np.testing.assert_allclose(found.boxes, [[10, 10, 40, 40]], atol=1e-5)
    assert found.scores.tolist() == [0.75]
    assert np.isnan(found.keypoints).all()


def test_pixels_of_each_frames_own_size(tmp_path: Path) -> None:
    boxes = track(tmp_path, [row(0.1), row(0.1)])
    large = Frame(np.zeros((500, 1000, 3), np.uint8), 1, 0.04)
    small, big = boxes.boxes_of([*frames(1), large])
    np.testing.assert_allclose(big.boxes, small.boxes * 10)


def test_rows_without_a_face(tmp_path: Path) -> None:
    rows = [row(0.1), row(0.2, 0.49), [0, 0, 0, 0, 0.9], [0.2, 0.4, 0.8, 0.4, 0.9], row(0.3, 0.5)]
    assert left_edges(track(tmp_path, rows), frames(5)) == [0.1, None, None, None, 0.3]
    assert left_edges(track(tmp_path, rows, min_score=0), frames(5)) == [0.1, 0.2, None, None, 0.3]
    assert left_edges(track(tmp_path, [row(0.1, -1)], min_score=0), frames(1)) == [0.1]


def test_four_columns_have_no_confidence(tmp_path: Path) -> None:
    boxes = track(tmp_path, [row(0.1)[:4], [0, 0, 0, 0], row(0.3)[:4]])
    assert left_edges(boxes, frames(3)) == [0.1, None, 0.3]
    (found,) = track(tmp_path, [row(0.1)[:4]]).boxes_of(frames(1))
    assert np.isnan(found.scores).all()


@pytest.mark.parametrize("rate", [25, 24.9995])
def test_equal_rates_go_by_index(tmp_path: Path, rate: float) -> None:
    boxes = track(tmp_path, [row(0.1), row(0.2), row(0.3)], rate=rate)
    assert left_edges(boxes, [Frame(IMAGE, k, 100.0 + k) for k in range(3)]) == [0.1, 0.2, 0.3]
    assert list(boxes.warnings()) == []


def test_other_rates_go_by_time(tmp_path: Path) -> None:
    boxes = track(tmp_path, [row(0.1), row(0.2), row(0.3)], rate=10)
    # Rows at 0, 0.1 and 0.2 s; the last one stands until 0.3 s.
    edges = left_edges(boxes, frames(8, start_s=7.0))
    assert edges == [0.1, 0.1, 0.2, 0.2, 0.3, 0.3, 0.3, 0.3]
    assert list(boxes.warnings()) == []
    boxes = track(tmp_path, [row(k / 100) for k in range(10)], rate=50)
    assert left_edges(boxes, frames(5)) == [0.0, 0.02, 0.04, 0.06, 0.08]


@pytest.mark.parametrize(
    ("rate", "num_rows", "by_index"),
    [
        (20.0, 3, True),  # what facestream writes: two gaps in 0.1 s
        (25.0, 3, True),  # the container's average, and a row a frame
        (25.0, 4, False),  # a constant clock that happens to have that rate
        (10.0, 3, False),
    ],
)
def test_where_the_frame_rate_varies(tmp_path: Path, rate: float, num_rows: int, by_index: bool) -> None:
    times_s = [0.0, 0.01, 0.1]
    write_stream(tmp_path / "b.stream", np.array([row(k / 10) for k in range(num_rows)], np.float32), rate)
    boxes = BoxTrack(tmp_path / "b.stream", video(), 0.5, clock_of=uneven(times_s))
    edges = left_edges(boxes, [Frame(IMAGE, k, time_s) for k, time_s in enumerate(times_s)])
    assert (edges == [0.0, 0.1, 0.2]) == by_index
    if not by_index:
        assert edges == [math.floor(time_s * rate + 0.5) / 10 for time_s in times_s]


def test_a_constant_clock_of_the_mean_rate_goes_by_time(tmp_path: Path) -> None:
    # Two gaps in 0.1 s: 20 Hz by index too, but the rows lie at 0, 0.05 and 0.1 s.
    times_s = [0.0, 0.01, 0.1]
    values = np.array([row(k / 10) for k in range(3)], np.float32)
    write_stream(tmp_path / "b.stream", values, 20, meta={"clock": "constant"})
    boxes = BoxTrack(tmp_path / "b.stream", video(), 0.5, clock_of=uneven(times_s))
    assert left_edges(boxes, [Frame(IMAGE, k, time_s) for k, time_s in enumerate(times_s)]) == [0.0, 0.0, 0.2]


@pytest.mark.parametrize(
    ("rate", "num_rows", "warning"),
    [
        (25, 9, None),
        (10, 4, None),
        (25, 11, "its last 2 rows were not used"),
        (25, 7, "the 2 frames beyond its end are missing"),
        (10, 3, "the 1 frames beyond its end are missing"),
        (10, 6, "its last 0.24 s were not used"),
    ],
)
def test_frames_that_a_constant_clock_leaves_out_are_counted(
    tmp_path: Path, rate: float, num_rows: int, warning: str | None
) -> None:
    write_stream(tmp_path / "b.stream", np.array([row(0.1)] * num_rows, np.float32), rate)
    clock_of = uneven([k / 25 for k in range(9)])
    boxes = BoxTrack(tmp_path / "b.stream", video(), 0.5, skips_frames=True, clock_of=clock_of)
    left_edges(boxes, [Frame(IMAGE, k, k / 25) for k in (0, 3, 6)])
    told = list(boxes.warnings())
    assert told == [] if warning is None else (len(told) == 1 and told[0].endswith(warning)), told
    assert warning is None or "the video 9 frames at 25 Hz" in told[0]


def test_a_clock_that_starts_again_cannot_be_followed_by_time(tmp_path: Path) -> None:
    shown = [Frame(IMAGE, k, time_s) for k, time_s in enumerate([0.0, 0.04, 0.03, 0.08, 0.0])]
    assert left_edges(track(tmp_path, [row(k / 10) for k in range(5)]), shown) == [0.0, 0.1, 0.2, 0.3, 0.4]
    boxes = track(tmp_path, [row(0.1)] * 4, rate=10)
    with pytest.raises(
        SourceError, match=r"c\.mp4: timestamps jump back by 0\.08 s before frame 4, .*; give a box str"
    ):
        left_edges(boxes, shown)


def test_lengths_that_disagree_are_said(tmp_path: Path) -> None:
    boxes = track(tmp_path, [row(0.1), row(0.2)])
    assert left_edges(boxes, frames(4)) == [0.1, 0.2, None, None]
    (warning,) = boxes.warnings()
    assert warning.endswith(
        "b.stream has 2 rows at 25 Hz (0.08 s), the video 4 frames at 25 Hz; the 2 frames beyond its end are missing"
    )
    boxes = track(tmp_path, [row(0.1)] * 5)
    left_edges(boxes, frames(4))
    assert next(iter(boxes.warnings())).endswith("; its last 1 rows were not used")
    boxes = track(tmp_path, [row(0.1)] * 50, rate=50)
    left_edges(boxes, frames(5))
    assert next(iter(boxes.warnings())).endswith("; its last 0.80 s were not used")
    boxes = track(tmp_path, [row(0.1)] * 2, rate=10)
    assert left_edges(boxes, frames(7)) == [0.1] * 5 + [None, None]
    assert next(iter(boxes.warnings())).endswith("the 2 frames beyond its end are missing")


def test_a_rate_that_is_probably_wrong_is_said(tmp_path: Path) -> None:
    boxes = track(tmp_path, [row(0.1)] * 10, rate=10)
    left_edges(boxes, frames(10))
    (warning,) = boxes.warnings()
    assert "; as many rows as frames, so perhaps its rate is wrong; its last 0.60 s were not used" in warning


def test_boxes_outside_the_frame_are_counted_and_missing(tmp_path: Path) -> None:
    rows = [row(0.9), [0.2, 1.0, 0.8, 1.4, 0.9], [-0.9, 0.1, 0.0, 0.4, 0.9], row(-0.2)]
    boxes = track(tmp_path, rows)
    assert left_edges(boxes, frames(4)) == [0.9, None, None, -0.2]
    assert list(boxes.warnings()) == [
        f"{tmp_path / 'b.stream'}: 2 of its boxes lie outside the frame; their frames are missing"
    ]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.ones((2, 3)), "3 columns of float32; a box stream has 4 or 5: ymin, xmin, ymax, xmax, and perhaps"),
        (np.ones((2, 6)), "6 columns of float32; a box stream has 4 or 5"),
        ([row(0.1), [0.2, np.nan, 0.8, 0.4, 0.9]], r"row 1 cannot be a face \(0\.2, nan, .*\): its box is not finite"),
        ([[0.2, 0.1, np.inf, 0.4]], "row 0 cannot be a face .* its box is not finite"),
        ([row(0.1, np.nan)], "its confidence is no finite number"),
        ([row(0.1, np.inf)], "its confidence is no finite number"),
        ([row(0.1, 86)], "its confidence is not from 0 to 1"),
        ([[0.2, 0.4, 0.8, 0.1, 0.9]], "its box ends before it begins"),
        ([[0.8, 0.1, 0.2, 0.4, 0.9]], "its box ends before it begins"),
        ([[100, 120, 300, 320, 0.9]], "boxes are fractions of the frame; divide y by its height, x by its width"),
        ([[-999, -999, 1000, 1000, 0.9]], "boxes are fractions of the frame; divide y by its height, x by its width"),
    ],
)
def test_what_cannot_be_a_face(
    tmp_path: Path, rows: Sequence[Sequence[float]] | npt.NDArray[np.generic], message: str
) -> None:
    with pytest.raises(StreamFormatError, match=message):
        track(tmp_path, rows)


def test_what_is_below_the_threshold_may_hold_anything(tmp_path: Path) -> None:
    rows = [[np.nan, np.inf, -5, 1e9, 0.1], row(0.1)]
    assert left_edges(track(tmp_path, rows), frames(2)) == [None, 0.1]


@in_one_folder
@given(
    hnp.arrays(
        np.float32,
        st.tuples(st.integers(1, 6), st.integers(3, 6)),
        elements=st.one_of(st.floats(-2, 2, width=32), st.floats(width=32)),
    ),
    st.floats(0.01, 100),
    st.floats(0, 1),
)
def test_any_values_are_boxes_or_a_clear_error(
    tmp_path: Path, rows: npt.NDArray[np.float32], rate: float, min_score: float
) -> None:
    try:
        boxes = track(tmp_path, rows, rate=rate, min_score=min_score)
    except StreamFormatError:
        return
    for found in boxes.boxes_of(frames(8)):
        assert np.isfinite(found.boxes).all()
        assert (found.boxes[:, 2:] > found.boxes[:, :2]).all()
        assert min_score == 0 or not (found.scores < min_score).any()
    assert all(warning.isprintable() for warning in boxes.warnings())
