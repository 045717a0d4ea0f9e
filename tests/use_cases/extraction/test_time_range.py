"""A part of a clip has the rows that the whole clip has there, to the bit."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from looping import loop_clip

from facestream import DetectOptions, FaceMeshPipeline, MeshOptions, detect, extract, iter_meshes, read_stream
from facestream.errors import OptionError, SourceError
from facestream.media.video import span as video_span
from facestream.use_cases.extraction import time_range
from tests.media.clips import remux

ARRAYS = ("landmarks", "presence", "scores", "boxes", "detected", "frames", "sizes", "timestamps_s")


@pytest.fixture(scope="module")
def clip(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """750 frames at 30 Hz with a face, and a keyframe every 150."""
    return loop_clip(sample, tmp_path_factory.mktemp("part") / "clip.mp4", 750)


@pytest.fixture(scope="module")
def small_pipeline() -> FaceMeshPipeline:
    return FaceMeshPipeline(device="cpu")


def run(clip: Path, folder: Path, pipeline: FaceMeshPipeline, **values: Any) -> dict[str, Any]:
    folder.mkdir()
    options = MeshOptions(formats=("stream", "npz"), device="cpu", **values)
    extract(clip, folder, options, pipeline=pipeline)
    return dict(np.load(folder / "clip.facemesh.npz"))


@pytest.mark.parametrize(
    ("values", "from_s", "to_s"),
    [
        ({}, 16.0, 17.5),  # far from the start: what comes before is jumped over
        ({}, 2.03, 3.01),  # near it: decoded and passed over
        ({}, None, 0.5),
        ({}, 24.4, None),
        ({"rate_hz": 12.5}, 15.02, 16.7),
        ({"rate_hz": 47.0}, 1.0, 2.0),
        ({"detect_every": 1}, 14.0, 14.2),
        ({"num_threads": 1, "detect_every": 7}, 13.0, 13.6),
    ],
    ids=str,
)
def test_rows_are_those_of_the_whole_clip(
    values: dict[str, Any],
    from_s: float | None,
    to_s: float | None,
    clip: Path,
    small_pipeline: FaceMeshPipeline,
    tmp_path: Path,
) -> None:
    whole = run(clip, tmp_path / "whole", small_pipeline, **values)
    part = run(clip, tmp_path / "part", small_pipeline, **values, from_s=from_s, to_s=to_s)
    times_s = whole["timestamps_s"]
    rows = np.flatnonzero((times_s >= (from_s or 0)) & (times_s < (1e9 if to_s is None else to_s)))
    assert 0 < len(rows) < len(times_s)
    for name in ARRAYS:
        np.testing.assert_array_equal(part[name], whole[name][rows], name)
    streams = [read_stream(tmp_path / name / "clip.facemesh.stream") for name in ("whole", "part")]
    np.testing.assert_array_equal(streams[1].data, streams[0].data[rows])
    first = int(part["frames"][0])
    assert (streams[1].first_frame, streams[0].first_frame) == (first, 0)
    assert streams[1].start_s == pytest.approx(times_s[rows[0]], abs=5e-4)
    assert streams[1].rate_hz == pytest.approx(streams[0].rate_hz, abs=1e-6)
    header = (tmp_path / "part" / "clip.facemesh.stream").read_text()
    assert (f'first_frame="{first}"' in header) == (first > 0 or from_s is None)
    assert f'<chunk from="{times_s[rows[0]]:.3f}" to=' in header


def test_an_index_that_lies_is_not_believed(
    clip: Path, small_pipeline: FaceMeshPipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = run(clip, tmp_path / "right", small_pipeline, from_s=16.0, to_s=16.5)
    jumps = []

    def fail(*arguments: Any) -> Any:
        jumps.append(arguments)
        raise video_span.SpanError("not here")

    monkeypatch.setattr(time_range, "SpanSource", fail)
    found = run(clip, tmp_path / "read", small_pipeline, from_s=16.0, to_s=16.5)
    options = MeshOptions(device="cpu", from_s=16.0, to_s=16.5)
    assert [row.index for row in iter_meshes(clip, options, pipeline=small_pipeline)] == list(range(480, 495))
    assert len(jumps) == 2
    for name in ARRAYS:
        np.testing.assert_array_equal(found[name], wanted[name])


def test_what_comes_before_is_not_decoded(clip: Path, small_pipeline: FaceMeshPipeline, monkeypatch: Any) -> None:
    from facestream.media.video.reader import VideoSource

    num_decoded = itertools.count()
    upright = VideoSource._upright
    monkeypatch.setattr(VideoSource, "_upright", lambda *a: (next(num_decoded), upright(*a))[1])
    options = MeshOptions(device="cpu", from_s=20.5, to_s=20.6)
    assert len(list(iter_meshes(clip, options, pipeline=small_pipeline))) == 3
    # The keyframe before it is number 600.
    assert next(num_decoded) < 120


def test_boxes_of_the_whole_clip_and_of_a_part(clip: Path, small_pipeline: FaceMeshPipeline, tmp_path: Path) -> None:
    detect(clip, tmp_path / "whole.stream", DetectOptions(device="cpu", to_s=4.0))
    detect(clip, tmp_path / "part.stream", DetectOptions(device="cpu", from_s=2.0, to_s=3.0))
    assert read_stream(tmp_path / "part.stream").first_frame == 60
    # Frame by frame: the boxes of the part end within a cell.
    each: dict[str, Any] = {"from_s": 2.2, "to_s": 2.8, "detect_every": 1}
    by_whole = run(clip, tmp_path / "a", small_pipeline, boxes=tmp_path / "whole.stream", **each)
    by_part = run(clip, tmp_path / "b", small_pipeline, boxes=tmp_path / "part.stream", **each)
    assert by_whole["detected"].all()
    for name in ARRAYS:
        np.testing.assert_array_equal(by_whole[name], by_part[name])
    wide = run(clip, tmp_path / "c", small_pipeline, boxes=tmp_path / "part.stream", from_s=1.8, to_s=3.2)
    assert wide["detected"][:, 0].tolist() == [60 <= number < 90 for number in range(54, 96)]


@pytest.mark.parametrize(
    ("from_s", "to_s", "message"),
    [
        (60.0, None, r"no frame from 1:00\.000; its first frame is at 0:00\.000, its last one at 0:00\.967$"),
        (0.501, 0.51, r"no frame from 0:00\.501 to 0:00\.510; its first frame is at 0:00\.000$"),
    ],
)
def test_a_part_without_a_frame(
    from_s: float, to_s: float | None, message: str, sample: Path, tmp_path: Path, small_pipeline: FaceMeshPipeline
) -> None:
    clip = remux(sample, tmp_path / "clip.mp4", num_packets=30)
    with pytest.raises(SourceError, match=message):
        extract(clip, tmp_path, MeshOptions(device="cpu", from_s=from_s, to_s=to_s), pipeline=small_pipeline)
    assert not list(tmp_path.glob("*.stream*"))


def test_options_of_a_part() -> None:
    assert MeshOptions(from_s="1:02.5").from_s == 62.5  # type: ignore[arg-type]
    with pytest.raises(OptionError, match=r"the time range from 0:05\.000 to 0:05\.000 is empty"):
        MeshOptions(from_s=5, to_s=5)
    with pytest.raises(OptionError, match="'1:75' is not a time"):
        MeshOptions(to_s="1:75")  # type: ignore[arg-type]
