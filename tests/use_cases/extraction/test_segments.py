"""A video in segments gives what it gives as a whole, to the last byte."""

from __future__ import annotations

import filecmp
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from looping import loop_clip

from facestream import FaceMeshPipeline, MeshOptions, extract, write_stream
from facestream.errors import JobStopped, SourceError
from facestream.media.video.survey import NotDivisible
from facestream.structures import Progress, Summary
from facestream.use_cases.extraction.segments import MeshSegment, divide, extract_segment, join_segments
from facestream.use_cases.outputs.plan import plan_outputs
from tests.media.clips import write_clip

FORMATS = ("stream", "npz", "csv")


@pytest.fixture(scope="module")
def clip(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """450 frames with a face, and a keyframe every 150."""
    return loop_clip(sample, tmp_path_factory.mktemp("parts") / "clip.mp4", 450)


@pytest.fixture(scope="module")
def boxes(clip: Path) -> Path:
    """The face is in sight here and there; the last rows are missing."""
    rows = np.tile(np.array([0.1, 0.25, 0.75, 0.75, 0.9], np.float32), (430, 1))
    rows[60:90] = 0
    write_stream(clip.parent / "boxes.stream", rows, 30, media_type="feature;face;boundingbox;blazeface")
    return clip.parent / "boxes.stream"


def run_segments(
    clip: Path, folder: Path, options: MeshOptions, pipeline: FaceMeshPipeline, num_segments: int
) -> Summary:
    """The segments in an order of their own, each through JSON."""
    segments = divide(clip, options, num_segments, 1)
    assert [segment.stop for segment in segments[:-1]] == [segment.span.first for segment in segments[1:]]
    records = [folder / f"{number}.meshes" for number in range(len(segments))]
    for segment, path in reversed(list(zip(segments, records, strict=True))):
        travelled = MeshSegment.from_dict(json.loads(json.dumps(segment.as_dict())))
        extract_segment(clip, travelled, path, options, pipeline=pipeline)
    return join_segments(plan_outputs(clip, folder, options), options, records)


@pytest.mark.parametrize(
    ("values", "num_segments"),
    [
        ({}, 3),
        ({}, 8),
        ({"rate_hz": 12.5, "missing": "repeat"}, 4),
        ({"rate_hz": 47.0}, 3),
        ({"rate_hz": 0.4}, 5),
        ({"num_faces": 2, "missing": "nan"}, 3),
        ({"detect_every": 1}, 3),
        ({"detect_every": 7, "num_threads": 1}, 4),
        ({"boxes": True, "missing": "repeat"}, 3),
        ({"boxes": True, "rate_hz": 20.0}, 4),
    ],
    ids=str,
)
def test_segments_are_joined_to_the_whole(
    values: dict[str, Any], num_segments: int, clip: Path, boxes: Path, tmp_path: Path
) -> None:
    given = {**values, **({"boxes": boxes} if values.get("boxes") else {})}
    options = MeshOptions(formats=FORMATS, device="cpu", **given)
    pipeline = FaceMeshPipeline(device="cpu", num_faces=options.num_faces)
    for name in ("whole", "joined"):
        (tmp_path / name).mkdir()
    whole = extract(clip, tmp_path / "whole", options, pipeline=pipeline)
    joined = run_segments(clip, tmp_path / "joined", options, pipeline, num_segments)
    for path in whole.outputs:
        names = [path.name, *([f"{path.name}~"] if path.suffix == ".stream" else [])]
        assert all(filecmp.cmp(tmp_path / "whole" / n, tmp_path / "joined" / n, shallow=False) for n in names), path
    for name in ("num_frames", "num_rows", "num_frames_by_face", "complete", "reason", "device", "engine", "warnings"):
        assert getattr(whole, name) == getattr(joined, name), name


def test_uneven_frames_of_two_kinds(pipeline: FaceMeshPipeline, astronaut: Any, tmp_path: Path) -> None:
    """A face that comes and goes, at a rate that is none."""
    nobody = np.full_like(astronaut[::2, ::2], 80)
    images = [astronaut[::2, ::2] if number // 17 % 2 else nobody for number in range(120)]
    times_s = np.cumsum(np.tile([0.04, 0.03, 0.05, 0.08], 30)).tolist()
    clip = write_clip(
        tmp_path / "a.mp4", images, timestamps_s=times_s, codec="libx264", codec_options={"g": "12", "bf": "2"}
    )
    options = MeshOptions(device="cpu")
    for name in ("whole", "joined"):
        (tmp_path / name).mkdir()
    whole = extract(clip, tmp_path / "whole", options, pipeline=pipeline)
    joined = run_segments(clip, tmp_path / "joined", options, pipeline, 5)
    assert whole.warnings == joined.warnings != ()
    assert 40 < whole.num_frames_with_face < 80
    for name in ("a.facemesh.stream", "a.facemesh.stream~"):
        assert filecmp.cmp(tmp_path / "whole" / name, tmp_path / "joined" / name, shallow=False)


def test_segments_are_whole_cells(clip: Path) -> None:
    options = MeshOptions()
    segments = divide(clip, options, 4, 60)
    assert sum(segment.num_frames for segment in segments) == 450
    assert all(segment.span.first % 20 == 0 for segment in segments)
    assert len(divide(clip, options, 100, 60)) <= 7
    assert divide(clip, options, 4, 226) == []
    assert divide(clip, options, 1, 10) == []


def test_what_is_not_divided(clip: Path, sample: Path, tmp_path: Path, astronaut: Any) -> None:
    from PIL import Image

    with pytest.raises(NotDivisible, match="one keyframe only"):
        divide(sample, MeshOptions(), 3, 10)
    with pytest.raises(NotDivisible, match="an overlay is drawn from its start"):
        divide(clip, MeshOptions(overlay=True), 3, 10)
    Image.fromarray(astronaut).save(tmp_path / "a.png")
    assert divide(tmp_path / "a.png", MeshOptions(), 3, 10) == []
    with pytest.raises(SourceError):
        divide(tmp_path / "none.mp4", MeshOptions(), 3, 10)


def test_a_segment_tells_and_stops(clip: Path, pipeline: FaceMeshPipeline, tmp_path: Path) -> None:
    options = MeshOptions(device="cpu")
    segment = divide(clip, options, 3, 10)[1]
    told: list[Progress] = []
    extract_segment(clip, segment, tmp_path / "a.meshes", options, pipeline=pipeline, on_progress=told.append)
    assert told[-1].num_frames == told[-1].num_frames_expected == segment.num_frames
    with pytest.raises(JobStopped):
        extract_segment(clip, segment, tmp_path / "b.meshes", options, pipeline=pipeline, should_stop=lambda: True)
    assert [path.name for path in tmp_path.iterdir()] == ["a.meshes"]
