from __future__ import annotations

import json
import logging
import threading
import time
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import facestream
from facestream import (
    DeviceError,
    FaceMeshPipeline,
    JobStopped,
    MeshOptions,
    OptionError,
    OutputError,
    Progress,
    SourceError,
    extract,
    iter_meshes,
)
from facestream.media.source import open_source
from facestream.ssi.columns import split_mesh_rows
from facestream.structures import FaceMeshes
from tests.conftest import CPU_ENGINE, Image, mean_distance
from tests.media.clips import cut, numbered_frames, remux, write_clip


@pytest.fixture(scope="session")
def sample_archive(sample: Path, pipeline: FaceMeshPipeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's outputs, all formats; the folder that holds them."""
    folder = tmp_path_factory.mktemp("sample")
    options = MeshOptions(formats=("stream", "npz", "csv"), overlay=True)
    summary = extract(sample, folder, options, pipeline=pipeline)
    assert (summary.num_frames, summary.num_frames_with_face, summary.complete) == (150, 150, True)
    assert (summary.device, summary.engine, summary.precision) == ("cpu", CPU_ENGINE, "float32")
    assert summary.warnings == ()
    assert 0 < summary.seconds <= summary.total_seconds
    assert sorted(path.name for path in summary.outputs) == sorted(
        path.name for path in folder.iterdir() if not path.name.endswith("~")
    )
    return folder


def test_every_frame_of_the_sample_lies_where_the_camera_put_it(
    sample_archive: Path, astronaut_meshes: FaceMeshes, sample_matrices: npt.NDArray[np.float64]
) -> None:
    archive = np.load(sample_archive / "astronaut.facemesh.npz")
    errors = []
    for mesh, matrix in zip(archive["landmarks"][:, 0], sample_matrices, strict=True):
        expected = astronaut_meshes.landmarks[0, :, :2] @ matrix[:, :2].T + matrix[:, 2]
        errors.append(mean_distance(mesh, expected))
    assert np.mean(errors) < 1.0
    assert max(errors) < 2.0


def test_the_formats_agree(sample_archive: Path) -> None:
    archive = np.load(sample_archive / "astronaut.facemesh.npz")
    stream = facestream.read_stream(sample_archive / "astronaut.facemesh.stream")
    assert stream.size == tuple(archive["size"]) == (480, 360)
    assert stream.rate_hz == 30
    landmarks, confidences = split_mesh_rows(stream.data, (480, 360))
    np.testing.assert_allclose(landmarks, archive["landmarks"][:, 0, :, :2], atol=1e-4)
    np.testing.assert_array_equal(confidences.astype(np.float32), archive["presence"][:, 0])
    np.testing.assert_allclose(archive["timestamps_s"], np.arange(150) / 30, atol=1e-9)
    meta = json.loads(str(archive["meta"]))
    assert meta["version"] == facestream.__version__
    assert meta["complete"] is True
    assert meta["reason"] is None
    assert set(meta["weights_sha256"]) == {"facemesh", "blazeface-back"}
    assert (meta["rotation_deg"], meta["pixel_aspect"], meta["options"]["num_faces"]) == (0, 1.0, 1)


def test_the_overlay_is_the_clip_with_a_mesh(sample_archive: Path, sample: Path) -> None:
    overlay = list(open_source(sample_archive / "astronaut.facemesh.overlay.mp4"))
    frames = list(open_source(sample))
    assert len(overlay) == len(frames)
    mesh = np.load(sample_archive / "astronaut.facemesh.npz")["landmarks"][75, 0]
    difference = np.abs(overlay[75].image.astype(int) - frames[75].image).sum(axis=2)
    left, top = mesh[:, :2].min(axis=0).astype(int) + 5
    right, bottom = mesh[:, :2].max(axis=0).astype(int) - 5
    inside = difference[top:bottom, left:right].mean()
    assert inside > 20
    assert difference[:, : left - 40].mean() < inside / 4


@pytest.mark.parametrize("batch_size", [1, 7, 50])
def test_rows_do_not_depend_on_how_frames_travel(
    carphone: Path, pipeline: FaceMeshPipeline, tmp_path: Path, batch_size: int, reference_rows: bytes
) -> None:
    options = MeshOptions(batch_size=batch_size, formats=("npz",), detect_every=1)
    extract(carphone, tmp_path / "a.npz", options, pipeline=pipeline)
    assert np.load(tmp_path / "a.npz")["landmarks"].tobytes() == reference_rows


@pytest.mark.parametrize(
    "options",
    [MeshOptions(batch_size=1), MeshOptions(num_threads=1), MeshOptions(frame_memory_mb=1)],
    ids=["batch_size", "num_threads", "frame_memory"],
)
def test_carried_rows_do_not_depend_on_how_frames_travel(
    carphone: Path, pipeline: FaceMeshPipeline, tmp_path: Path, options: MeshOptions
) -> None:
    rows = []
    for each in (options, MeshOptions()):
        extract(carphone, tmp_path / "a.stream", each, pipeline=pipeline)
        rows.append((tmp_path / "a.stream~").read_bytes())
    assert rows[0] == rows[1]


@pytest.fixture(scope="module")
def reference_rows(carphone: Path, pipeline: FaceMeshPipeline) -> bytes:
    """The carphone meshes from pictures one by one, through no job at all."""
    source = open_source(carphone)
    meshes = [pipeline.process_frames([frame])[0].landmarks for frame in source]
    return np.array(meshes, dtype=np.float32).tobytes()


def test_iterating_gives_what_extracting_writes(sample: Path, sample_archive: Path, pipeline: FaceMeshPipeline) -> None:
    archive = np.load(sample_archive / "astronaut.facemesh.npz")
    for result in iter_meshes(sample, MeshOptions(batch_size=4), pipeline=pipeline):
        np.testing.assert_array_equal(result.meshes.landmarks.astype(np.float32), archive["landmarks"][result.index])
        assert result.timestamp_s == archive["timestamps_s"][result.index]
        if result.index == 9:
            break


def test_a_picture_is_one_row_at_1_hz(
    tmp_path: Path, astronaut: Image, astronaut_meshes: FaceMeshes, pipeline: FaceMeshPipeline
) -> None:
    from PIL import Image as Pillow

    Pillow.fromarray(astronaut).save(tmp_path / "a.png")
    summary = extract(tmp_path / "a.png", None, MeshOptions(overlay=True), pipeline=pipeline)
    assert [path.name for path in summary.outputs] == ["a.facemesh.stream", "a.facemesh.overlay.png"]
    stream = facestream.read_stream(tmp_path / "a.facemesh.stream")
    assert (stream.rate_hz, stream.data.shape, stream.size) == (1.0, (1, 937), (512, 512))
    landmarks, confidences = split_mesh_rows(stream.data, (512, 512))
    np.testing.assert_allclose(landmarks[0], astronaut_meshes.landmarks[0, :, :2], atol=1e-4)
    assert confidences[0] > 0.99


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_video_gives_the_upright_mesh(
    tmp_path: Path, astronaut: Image, astronaut_meshes: FaceMeshes, pipeline: FaceMeshPipeline, degrees: int
) -> None:
    from tests.media.clips import set_display_matrix

    stored = np.ascontiguousarray(np.rot90(astronaut[:384], degrees // 90))
    clip = write_clip(tmp_path / "t.mp4", [stored] * 2, codec="libx264", codec_options={"crf": "10"})
    set_display_matrix(clip, *{90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}[degrees])
    extract(clip, tmp_path / "t.npz", pipeline=pipeline)
    archive = np.load(tmp_path / "t.npz")
    assert archive["size"].tolist() == [512, 384]
    assert mean_distance(archive["landmarks"][0, 0], astronaut_meshes.landmarks[0]) < 1.5
    assert json.loads(str(archive["meta"]))["rotation_deg"] == degrees


def test_no_face_is_no_error_but_a_warning(
    tmp_path: Path, pipeline: FaceMeshPipeline, caplog: pytest.LogCaptureFixture
) -> None:
    clip = write_clip(tmp_path / "grey.mp4", numbered_frames(6))
    summary = extract(clip, None, MeshOptions(missing="nan", formats=("stream", "npz")), pipeline=pipeline)
    assert (summary.num_frames, summary.num_frames_with_face, summary.complete) == (6, 0, True)
    assert summary.warnings == ("no face was found in any frame; every row is missing",)
    assert f"{clip}: no face was found" in caplog.text
    stream = facestream.read_stream(tmp_path / "grey.facemesh.stream")
    assert np.isnan(stream.data[:, :-1]).all()
    assert not stream.data[:, -1].any()


def test_variable_rate_is_warned_of_with_the_largest_drift(tmp_path: Path, pipeline: FaceMeshPipeline) -> None:
    clip = write_clip(tmp_path / "vfr.mp4", numbered_frames(5), timestamps_s=[0, 0.1, 0.15, 0.6, 1.0])
    summary = extract(clip, None, MeshOptions(formats=("stream", "npz")), pipeline=pipeline)
    assert any("up to 350 ms off its frame" in warning for warning in summary.warnings)
    assert facestream.read_stream(tmp_path / "vfr.facemesh.stream").rate_hz == pytest.approx(4.0)
    np.testing.assert_allclose(
        np.load(tmp_path / "vfr.facemesh.npz")["timestamps_s"], [0, 0.1, 0.15, 0.6, 1.0], atol=1e-4
    )


def test_a_clock_that_starts_again(tmp_path: Path, pipeline: FaceMeshPipeline) -> None:
    part = write_clip(tmp_path / "part.ts", numbered_frames(30), rate=10)
    clip = tmp_path / "joined.ts"
    clip.write_bytes(part.read_bytes() * 2)
    summary = extract(clip, None, MeshOptions(formats=("stream", "npz")), pipeline=pipeline)
    assert summary.num_rows == summary.num_frames > 50
    assert "timestamps jump back, which a stream cannot tell; npz and csv hold them as they are" in summary.warnings
    assert not any("--rate" in warning for warning in summary.warnings)
    with pytest.raises(SourceError, match=r"joined\.ts: timestamps jump back by .* before frame \d+, .*leave --rate"):
        extract(clip, tmp_path / "r.npz", MeshOptions(rate_hz=10), pipeline=pipeline)
    assert not (tmp_path / "r.npz").exists()


def test_streams_on_a_constant_clock_say_so(tmp_path: Path, pipeline: FaceMeshPipeline) -> None:
    clip = write_clip(tmp_path / "c.mp4", numbered_frames(5), timestamps_s=[0, 0.1, 0.15, 0.6, 1.0])
    for name, rate_hz in (("own", None), ("constant", 4)):
        options = MeshOptions(formats=("npz", "stream"), rate_hz=rate_hz)
        extract(clip, tmp_path / f"{name}.npz", options, pipeline=pipeline)
        facestream.convert(tmp_path / f"{name}.npz", tmp_path / f"{name}2.stream")
        streams = [facestream.read_stream(tmp_path / f"{name}{again}.stream") for again in ("", "2")]
        assert [stream.meta.get("clock") for stream in streams] == [name if rate_hz else None] * 2
        assert [stream.rate_hz for stream in streams] == [pytest.approx(4.0)] * 2


def test_a_source_that_breaks_off_gives_a_partial_result(
    tmp_path: Path, sample: Path, pipeline: FaceMeshPipeline
) -> None:
    whole = remux(sample, tmp_path / "whole.mkv")
    clip = cut(whole, tmp_path / "half.mkv", 0.4)
    summary = extract(clip, None, MeshOptions(formats=("stream", "npz")), pipeline=pipeline)
    assert summary.complete is False
    assert summary.reason is not None
    assert "bytes are missing at its end" in summary.reason
    assert 30 < summary.num_frames < 90
    assert summary.num_frames_with_face == summary.num_frames
    assert facestream.read_stream(tmp_path / "half.facemesh.stream").data.shape == (summary.num_frames, 937)
    archive = np.load(tmp_path / "half.facemesh.npz")
    assert archive["landmarks"].shape[0] == summary.num_frames
    assert json.loads(str(archive["meta"]))["complete"] is False


def hidden_and_results(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_frames_of_another_size_are_warned_of(tmp_path: Path, pipeline: FaceMeshPipeline) -> None:
    parts = [write_clip(tmp_path / f"{w}.mp4", numbered_frames(3, width=w), codec="libx264") for w in (64, 96)]
    raw = [remux(part, part.with_suffix(".h264")).read_bytes() for part in parts]
    (tmp_path / "both.h264").write_bytes(b"".join(raw))
    summary = extract(tmp_path / "both.h264", None, MeshOptions(), pipeline=pipeline)
    assert summary.num_frames == 6
    assert any(warning.startswith("3 frames have another size than the first") for warning in summary.warnings)
    assert facestream.read_stream(tmp_path / "both.facemesh.stream").size == (64, 48)


def test_a_pipeline_of_other_options_is_refused(sample: Path, pipeline: FaceMeshPipeline, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="made with detector 'back', the options ask for detector 'front'"):
        extract(sample, tmp_path, MeshOptions(detector="front"), pipeline=pipeline)


def test_a_pipeline_brings_its_options_along(tmp_path: Path, astronaut: Image) -> None:
    from PIL import Image as Pillow

    Pillow.fromarray(astronaut).save(tmp_path / "a.png")
    two = FaceMeshPipeline(num_faces=2, device="cpu")
    assert [len(result.meshes) for result in iter_meshes(tmp_path / "a.png", pipeline=two)] == [1]
    assert extract(tmp_path / "a.png", pipeline=two).num_frames_by_face == (1, 0)


def test_loading_the_networks_counts_in_the_total(carphone: Path, pipeline: FaceMeshPipeline, tmp_path: Path) -> None:
    def load() -> FaceMeshPipeline:
        time.sleep(0.5)
        return pipeline

    summary = extract(carphone, tmp_path, pipeline=load)
    assert summary.total_seconds - summary.seconds >= 0.5


def test_stopping_leaves_nothing(tmp_path: Path, sample: Path, pipeline: FaceMeshPipeline) -> None:
    seen: list[Progress] = []
    options = MeshOptions(formats=("stream", "npz", "csv"), overlay=True, batch_size=5, detect_every=1)
    with pytest.raises(JobStopped, match="stopped after 10 frames; nothing was written"):
        extract(
            sample, tmp_path, options, pipeline=pipeline, on_progress=seen.append, should_stop=lambda: len(seen) == 3
        )
    assert [progress.num_frames for progress in seen] == [0, 5, 10]
    assert seen[0].num_frames_expected == 150
    assert seen[2].fps > 0
    assert hidden_and_results(tmp_path) == []


def test_an_interrupt_while_groups_overlap_ends_all_threads(
    tmp_path: Path, sample: Path, pipeline: FaceMeshPipeline
) -> None:
    """Where Ctrl-C arrives, others decode, cut crops and wait for networks."""
    for number in (1, 2, 4):
        seen: list[Progress] = []
        options = MeshOptions(batch_size=20, overlay=True)

        def interrupt(progress: Progress, seen: list[Progress] = seen, number: int = number) -> None:
            seen.append(progress)
            if len(seen) == number:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            extract(sample, tmp_path, options, pipeline=pipeline, on_progress=interrupt)
        assert len(seen) == number
        assert hidden_and_results(tmp_path) == []
        assert [thread.name for thread in threading.enumerate() if thread.name.startswith("facestream-")] == []
    assert len(pipeline.process_frames(list(islice(open_source(sample), 3)))) == 3, "the networks are not in the way"


def test_a_network_that_fails_while_groups_overlap_is_the_error(
    tmp_path: Path, sample: Path, pipeline: FaceMeshPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, calls = pipeline.landmarker.place, []

    def fail(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 5:
            raise DeviceError("the device is gone")
        return place(*arguments)

    monkeypatch.setattr(pipeline.landmarker, "place", fail)
    with pytest.raises(DeviceError, match="the device is gone"):
        extract(sample, tmp_path, MeshOptions(batch_size=20), pipeline=pipeline)
    assert hidden_and_results(tmp_path) == []
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("facestream-")] == []


def test_a_failure_leaves_the_old_results(
    tmp_path: Path, carphone: Path, pipeline: FaceMeshPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = MeshOptions(formats=("stream", "npz", "csv"))
    old = np.ones((2, 937), np.float32)
    media_type = "feature;face;landmarks;facemesh"
    facestream.write_stream(tmp_path / f"{carphone.stem}.facemesh.stream", old, 5, media_type=media_type)
    before = hidden_and_results(tmp_path)

    def no_space(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("facestream.tables.mesh_csv.MeshCsvWriter.write", no_space)
    with pytest.raises(OutputError, match=r"facemesh.csv: cannot be written \(No space left on device\)"):
        extract(carphone, tmp_path, options, pipeline=pipeline)
    assert hidden_and_results(tmp_path) == before
    assert facestream.read_stream(tmp_path / f"{carphone.stem}.facemesh.stream").data.shape == (2, 937)


def test_what_cannot_be_written_is_found_before_any_work(
    tmp_path: Path, sample: Path, pipeline: FaceMeshPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "facestream.use_cases.extraction.mesh.open_pipeline", lambda _: pytest.fail("networks were loaded")
    )
    with pytest.raises(OutputError, match="there is no such output folder"):
        extract(sample, tmp_path / "absent")
    with pytest.raises(SourceError, match="there is no such file"):
        extract(tmp_path / "absent.mp4")
    with pytest.raises(OutputError, match=r"a video, whose overlay must end in \.mp4"):
        extract(sample, tmp_path, MeshOptions(overlay=tmp_path / "o.png"), pipeline=pipeline)
    assert hidden_and_results(tmp_path) == []


def test_the_log_says_nothing_when_all_is_well(
    tmp_path: Path, carphone: Path, pipeline: FaceMeshPipeline, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        summary = extract(carphone, tmp_path, pipeline=pipeline)
    assert caplog.text == ""
    assert summary.num_frames_with_face == 120
