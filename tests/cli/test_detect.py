"""``facestream detect``, and its boxes back into ``facestream mesh``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image as Pillow

import facestream
from facestream import DetectOptions, FaceMeshPipeline, MeshOptions, OptionError, detect, extract, iter_detections
from facestream.cli import main
from facestream.errors import WeightsError
from facestream.media.source import open_source
from facestream.ops.roi import rois_from_landmarks
from facestream.pipeline.detector import Found
from facestream.pipeline.face_detection import FaceDetectionPipeline
from facestream.use_cases.extraction import open_detection_pipeline
from tests.conftest import Image, mean_distance
from tests.media.clips import numbered_frames, write_clip


@pytest.fixture(scope="module")
def detection() -> FaceDetectionPipeline:
    return open_detection_pipeline(DetectOptions(device="cpu"))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, carphone: Path) -> Path:
    """Ten frames: none, none, face, face, none, face..."""
    frames = [frame.image for frame, _ in zip(open_source(carphone), range(10), strict=False)]
    for k in (0, 1, 4):
        frames[k] = np.zeros_like(frames[k])
    return write_clip(tmp_path_factory.mktemp("clip") / "c.mp4", frames, codec_options={"qscale": "2"})


def streams(folder: Path, stem: str = "c") -> tuple[facestream.SsiStream, facestream.SsiStream]:
    return (
        facestream.read_stream(folder / f"{stem}.boundingbox.stream"),
        facestream.read_stream(folder / f"{stem}.keypoints.stream"),
    )


def test_two_streams_of_the_media_types_that_others_look_for(
    clip: Path, tmp_path: Path, detection: FaceDetectionPipeline
) -> None:
    summary = detect(clip, tmp_path, pipeline=detection)
    assert (summary.num_frames, summary.num_frames_with_face) == (10, 7)
    boxes, keypoints = streams(tmp_path)
    assert (boxes.data.shape, keypoints.data.shape) == ((10, 5), (10, 13))
    assert boxes.media_type == "feature;face;boundingbox;blazeface"
    assert keypoints.media_type == "feature;face;landmarks;blazeface"
    assert boxes.size == keypoints.size == (176, 144)
    assert boxes.rate_hz == 25
    assert boxes.data.dtype == np.float32
    np.testing.assert_array_equal(boxes.data[:, -1], keypoints.data[:, -1])
    found = list(iter_detections(clip, pipeline=detection))[2]
    left, top, right, bottom = found.detections.boxes[0]
    np.testing.assert_allclose(boxes.data[2, :4], [top / 144, left / 176, bottom / 144, right / 176], atol=1e-6)
    x, y = found.detections.keypoints[0, 2]
    np.testing.assert_allclose(keypoints.data[2, 4:6], [y / 144, x / 176], atol=1e-6)


@pytest.mark.parametrize("repeat_last", [True, False])
def test_rows_of_frames_without_a_face(
    clip: Path, tmp_path: Path, detection: FaceDetectionPipeline, repeat_last: bool
) -> None:
    detect(clip, tmp_path, DetectOptions(repeat_last=repeat_last), pipeline=detection)
    boxes, keypoints = (stream.data for stream in streams(tmp_path))
    has_face = [k not in (0, 1, 4) for k in range(10)]
    assert (boxes[:, -1] > 0).tolist() == (keypoints[:, -1] > 0).tolist() == has_face
    assert boxes[[0, 1, 4], -1].tolist() == [0, 0, 0]
    if repeat_last:
        assert boxes[:2, :4].tolist() == [[0, 0, 1, 1]] * 2, "before the first face the whole frame"
        np.testing.assert_array_equal(boxes[4, :4], boxes[3, :4])
        np.testing.assert_array_equal(keypoints[4, :-1], keypoints[3, :-1])
    else:
        assert not boxes[[0, 1, 4]].any()
        assert not keypoints[4].any()
    assert not keypoints[:2].any()


def test_boxes_are_square_in_pixels_unless_told_otherwise(clip: Path, tmp_path: Path) -> None:
    for name, force_square in (("a", True), ("b", False)):
        detect(clip, tmp_path / f"{name}.stream", DetectOptions(force_square=force_square, device="cpu"))
    square, free = (facestream.read_stream(tmp_path / f"{name}.stream").data[3] for name in "ab")
    assert (square[2] - square[0]) * 144 == pytest.approx((square[3] - square[1]) * 176, rel=1e-5)
    np.testing.assert_allclose(square[:4].reshape(2, 2).sum(axis=0), free[:4].reshape(2, 2).sum(axis=0), atol=1e-6)
    assert (square[2:4] - square[:2]).max() >= (free[2:4] - free[:2]).max()
    assert (tmp_path / "a.keypoints.stream").exists(), "the keypoints lie beside a named file"


def test_formats_agree(clip: Path, tmp_path: Path, detection: FaceDetectionPipeline) -> None:
    detect(clip, tmp_path, DetectOptions(formats=("stream", "npz", "csv"), overlay=True), pipeline=detection)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "c.blazeface.csv",
        "c.blazeface.npz",
        "c.blazeface.overlay.mp4",
        "c.boundingbox.stream",
        "c.boundingbox.stream~",
        "c.keypoints.stream",
        "c.keypoints.stream~",
    ]
    archive = np.load(tmp_path / "c.blazeface.npz")
    boxes, keypoints = (stream.data for stream in streams(tmp_path))
    found = archive["detected"]
    assert np.flatnonzero(~found).tolist() == [0, 1, 4]
    assert np.isnan(archive["boxes"][~found]).all()
    np.testing.assert_allclose(archive["boxes"][found] / [176, 144, 176, 144], boxes[found][:, [1, 0, 3, 2]], atol=1e-6)
    in_rows = keypoints[found, :-1].reshape(-1, 6, 2)[..., ::-1]
    np.testing.assert_allclose(archive["keypoints"][found] / [176, 144], in_rows, atol=1e-6)
    lines = (tmp_path / "c.blazeface.csv").read_text().splitlines()
    assert len(lines) == 11
    assert lines[0].startswith("frame,time_s,width,height,score,box_left,box_top,box_right,box_bottom,right_eye_x")
    assert lines[1].startswith("0,0.0,176,144,,,")
    meta = json.loads(str(archive["meta"]))
    assert set(meta["weights_sha256"]) == {"blazeface-back"}
    assert meta["options"]["repeat_last"] is True


def test_a_picture(astronaut: Image, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Pillow.fromarray(astronaut).save(tmp_path / "a.png")
    assert main(["detect", str(tmp_path / "a.png"), "--overlay", "--detector", "front"]) == 0
    boxes, _ = streams(tmp_path, "a")
    assert (boxes.data.shape, boxes.rate_hz, boxes.size) == ((1, 5), 1.0, (512, 512))
    top, left, bottom, right, score = boxes.data[0]
    # Eyes, nose and mouth of the picture lie in it.
    assert top * 512 < 101
    assert 140 < bottom * 512 < 200
    assert left * 512 < 194
    assert 258 < right * 512 < 300
    assert score > 0.5
    with Pillow.open(tmp_path / "a.blazeface.overlay.png") as drawn:
        changed = np.argwhere(np.abs(np.asarray(drawn).astype(int) - astronaut).sum(axis=2) > 30)
    box = np.array([top, left, bottom, right]) * 512
    # The box's lines lie on its sides; the label above it is wider than a small box.
    assert np.abs(changed[:, 0].max() - box[2]) < 4
    assert np.abs(changed[:, 1].min() - box[1]) < 6
    assert "1 frame, 1 with a face" in capsys.readouterr().out


def looked_at_again(
    clip: Path, plain: Any, pipeline: FaceMeshPipeline
) -> Iterator[tuple[int, npt.NDArray[np.float64]]]:
    """The index of each frame with a face, and its mesh after one more look."""
    for frame in open_source(clip):
        if plain["detected"][frame.index, 0]:
            rois = rois_from_landmarks(plain["landmarks"][frame.index])
            yield frame.index, pipeline.landmarker.place([frame], rois)[0][0]


def test_boxes_there_and_back(clip: Path, tmp_path: Path, pipeline: FaceMeshPipeline) -> None:
    """What detect writes gives mesh the meshes that it finds by itself, and the frames without a face stay so."""
    detect(clip, tmp_path, DetectOptions(device="cpu"))
    formats = ("npz",)
    extract(clip, tmp_path / "plain.npz", MeshOptions(formats=formats), pipeline=pipeline)
    options = MeshOptions(formats=formats, boxes=tmp_path / "c.boundingbox.stream")
    summary = extract(clip, tmp_path / "boxes.npz", options, pipeline=pipeline)
    assert summary.warnings == ()
    plain, boxes = (np.load(tmp_path / f"{name}.npz") for name in ("plain", "boxes"))
    np.testing.assert_array_equal(plain["detected"], boxes["detected"])
    found = np.flatnonzero(plain["detected"][:, 0])
    # As far off as another look would have moved them, or half a percent of the eye distance.
    eyes_px = np.linalg.norm(plain["landmarks"][found, 0, 263, :2] - plain["landmarks"][found, 0, 33, :2], axis=-1)
    drifts_px = [mean_distance(boxes["landmarks"][k, 0], plain["landmarks"][k, 0]) for k in found]
    third_px = [mean_distance(mesh, plain["landmarks"][k, 0]) for k, mesh in looked_at_again(clip, plain, pipeline)]
    assert len(third_px) == len(found) == 7
    assert np.median(drifts_px / eyes_px) < max(0.005, 1.5 * np.median(third_px / eyes_px))
    np.testing.assert_allclose(boxes["scores"][found], plain["scores"][found], atol=1e-6)
    assert set(json.loads(str(boxes["meta"]))["weights_sha256"]) == {"facemesh"}, "no detector ran"


def test_a_box_stream_that_is_too_short_is_said(clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    boxes = np.array([[0, 0, 1, 1]] * 6, np.float32)
    facestream.write_stream(tmp_path / "b.stream", boxes, 25)
    assert main(["mesh", str(clip), "-o", str(tmp_path), "--boxes", str(tmp_path / "b.stream")]) == 0
    assert (
        "b.stream has 6 rows at 25 Hz (0.24 s), the video 10 frames at 25 Hz; the 4 frames beyond its end are missing"
        in (capsys.readouterr().err)
    )
    assert not facestream.read_stream(tmp_path / "c.facemesh.stream").data[6:].any()


def test_verifying_drops_what_only_the_detector_takes_for_a_face(
    tmp_path: Path, astronaut: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = write_clip(tmp_path / "n.mp4", numbered_frames(2, 96, 96))
    verified = open_detection_pipeline(DetectOptions(verify=True, device="cpu"))
    box = np.array([[20.0, 20, 60, 60]])
    from facestream.structures import Detections

    found = Detections(box, np.full((1, 6, 2), 40.0) + np.arange(6)[None, :, None], np.array([0.8]))
    assert verified._mesh is not None
    monkeypatch.setattr(verified._mesh.detector, "search", lambda frames: [Found(found, 0.9)] * len(frames))
    assert detect(clip, None, DetectOptions(verify=True), pipeline=verified).num_frames_with_face == 0
    plain = open_detection_pipeline(DetectOptions(device="cpu"))
    monkeypatch.setattr(plain._detector, "detect", lambda frames: [found] * len(frames))
    assert detect(clip, None, DetectOptions(), pipeline=plain).num_frames_with_face == 2


def test_a_pipeline_and_options_that_contradict_each_other(clip: Path, tmp_path: Path) -> None:
    free = open_detection_pipeline(DetectOptions(force_square=False, min_score_thresh=0.4, device="cpu"))
    with pytest.raises(OptionError, match=r"made with min_score_thresh 0\.4, force_square False, the options"):
        detect(clip, tmp_path, DetectOptions(), pipeline=free)
    detect(clip, tmp_path / "a.npz", pipeline=free)
    options = json.loads(str(np.load(tmp_path / "a.npz")["meta"]))["options"]
    assert (options["force_square"], options["min_score_thresh"]) == (False, 0.4), "where left out, the pipeline's"
    with pytest.raises(OptionError, match="min_suppression_thresh must be at most 1, not 3"):
        FaceDetectionPipeline(min_suppression_thresh=3, device="cpu")


def test_weights_that_nothing_is_verified_with_must_be_there_all_the_same(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"absent\.tflite: the weights cannot be read"):
        open_detection_pipeline(DetectOptions(weights=tmp_path / "absent.tflite", device="cpu"))
