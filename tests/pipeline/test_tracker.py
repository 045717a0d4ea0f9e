"""Many frames, few detections: the same faces, nearly the same meshes."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from facestream import FaceMeshPipeline
from facestream.media.source import open_source
from facestream.pipeline.detector import Found
from facestream.pipeline.tracker import FaceTracker
from facestream.structures import Detections, FaceMeshes, Frame
from tests.conftest import Image, mean_distance


class _Counted:
    """How many frames were detected on, and how many faces looked at."""

    def __init__(self, pipeline: FaceMeshPipeline, monkeypatch: pytest.MonkeyPatch) -> None:
        self.detected: list[int] = []
        self.num_looks = 0
        search, place = pipeline.detector.search, pipeline.landmarker.place

        def search_counted(frames: Sequence[Frame]) -> list[Found]:
            self.detected += [frame.index for frame in frames]
            return search(frames)

        def place_counted(frames: Sequence[Frame], rois: object) -> object:
            self.num_looks += len(frames)
            return place(frames, rois)  # type: ignore[arg-type]

        monkeypatch.setattr(pipeline.detector, "search", search_counted)
        monkeypatch.setattr(pipeline.landmarker, "place", place_counted)


@pytest.fixture
def counted(pipeline: FaceMeshPipeline, monkeypatch: pytest.MonkeyPatch) -> _Counted:
    return _Counted(pipeline, monkeypatch)


def track(
    pipeline: FaceMeshPipeline,
    frames: Sequence[Frame],
    detection_interval: int,
    group_length: int = 10**6,
    given: Sequence[Detections] | None = None,
) -> list[FaceMeshes]:
    """Through groups of whole cells, as a job does."""
    tracker = FaceTracker(pipeline, detection_interval)
    starts = range(0, len(frames), max(1, group_length // detection_interval) * detection_interval)
    found: list[FaceMeshes] = []
    for start, stop in zip(starts, [*starts[1:], len(frames)], strict=True):
        following = frames[stop] if stop < len(frames) else None
        boxes = None if given is None else given[start : stop + (following is not None)]
        found += tracker.process(frames[start:stop], following, boxes)
    return found


def as_bytes(found: Sequence[FaceMeshes]) -> list[bytes]:
    arrays = ((m.landmarks, m.presence, m.scores, m.boxes, m.keypoints) for m in found)
    return [b"".join(array.tobytes() for array in of_frame) for of_frame in arrays]


def numbers(found: Sequence[FaceMeshes]) -> list[int]:
    return [len(meshes) for meshes in found]


@pytest.fixture(scope="module")
def talking(carphone: Path) -> list[Frame]:
    return list(open_source(carphone))


@pytest.fixture(scope="module")
def face(astronaut: Image) -> Image:
    """A face of about 50 px in 160 x 160."""
    return cv2.resize(astronaut[:250, 110:360], (160, 160), interpolation=cv2.INTER_AREA).astype(np.uint8)


def scene(*places: tuple[Image, int, int], index: int = 0, level: int = 90) -> Frame:
    image = np.full((200, 420, 3), level, np.uint8)
    for picture, left, top in places:
        image[top : top + 160, left : left + 160] = picture
    return Frame(image, index)


def test_a_talking_head(pipeline: FaceMeshPipeline, talking: list[Frame], counted: _Counted) -> None:
    found = track(pipeline, talking, 20)
    assert counted.detected == [0, 20, 40, 60, 80, 100, 119]
    assert counted.num_looks < 1.3 * len(talking)
    exact = pipeline.process_frames(talking)
    assert numbers(found) == numbers(exact) == [1] * 120
    drifts = [mean_distance(a.landmarks[0], b.landmarks[0]) for a, b in zip(found, exact, strict=True)]
    assert np.median(drifts) < 1.2
    assert max(drifts) < 3.8
    boxes = np.array([[meshes.boxes[0] for meshes in of] for of in (found, exact)])
    assert np.abs(boxes[0] - boxes[1]).max() < 0.12 * (boxes[1][:, 2] - boxes[1][:, 0]).mean()
    meshes = np.array([[m.landmarks[0, :, :2] for m in of] for of in (found, exact)])
    second_differences = np.linalg.norm(np.diff(meshes, 2, axis=1), axis=-1).mean(axis=(1, 2))
    assert second_differences[0] < 1.2 * second_differences[1]


def test_grid_frames_are_the_exact_job(pipeline: FaceMeshPipeline, talking: list[Frame]) -> None:
    found = as_bytes(track(pipeline, talking[:41], 20))
    assert found[::20] == as_bytes(pipeline.process_frames(talking[:41:20]))


def test_a_cell_of_one_frame_is_the_exact_job(pipeline: FaceMeshPipeline, talking: list[Frame]) -> None:
    found = track(pipeline, talking[:10], 1, 4)
    assert as_bytes(found) == as_bytes(pipeline.process_frames(talking[:10]))


@pytest.mark.parametrize("group_length", [20, 45, 80])
def test_results_do_not_depend_on_groups(
    pipeline: FaceMeshPipeline, talking: list[Frame], group_length: int, tracked: list[bytes]
) -> None:
    assert as_bytes(track(pipeline, talking, 20, group_length)) == tracked


@pytest.fixture(scope="module")
def tracked(pipeline: FaceMeshPipeline, talking: list[Frame]) -> list[bytes]:
    return as_bytes(track(pipeline, talking, 20))


@pytest.mark.parametrize("border", [20, 60, 100])
def test_a_split_at_a_border_of_cells_joins_to_the_same(
    pipeline: FaceMeshPipeline, talking: list[Frame], border: int, tracked: list[bytes]
) -> None:
    before = FaceTracker(pipeline, 20).process(talking[:border], talking[border])
    after = FaceTracker(pipeline, 20).process(talking[border:], None)
    assert as_bytes([*before, *after]) == tracked


def test_groups_beside_each_other_in_threads(
    pipeline: FaceMeshPipeline, talking: list[Frame], tracked: list[bytes]
) -> None:
    tracker = FaceTracker(pipeline, 20)
    prepared = [
        tracker.prepare(talking[start : start + 20], talking[start + 20] if start < 100 else None)
        for start in range(0, 120, 20)
    ]
    with ThreadPoolExecutor(3) as pool:
        found = [meshes for group in pool.map(lambda find: find(), prepared) for meshes in group]
    assert as_bytes(found) == tracked


def test_where_one_group_fails_the_next_does_not_wait_for_it(
    pipeline: FaceMeshPipeline, talking: list[Frame], monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker = FaceTracker(pipeline, 20)
    first = tracker.prepare(talking[:20], talking[20])
    second = tracker.prepare(talking[20:40], None)
    monkeypatch.setattr(pipeline, "find_faces", lambda *_: pytest.fail("out of memory"))
    with pytest.raises(pytest.fail.Exception, match="out of memory"):
        first()
    with pytest.raises(pytest.fail.Exception, match="out of memory"):
        second()


@pytest.mark.parametrize("duration", [5, 10, 30])
def test_a_face_that_comes_and_goes_at_every_phase_of_the_grid(
    pipeline: FaceMeshPipeline, face: Image, duration: int
) -> None:
    """On a cell of eight: each phase of the grid, and of the finer one while nobody is there."""
    empty, shown = scene(), scene((face, 130, 20))
    for phase in range(8):
        first = 16 + phase
        frames = [
            Frame((shown if first <= k < first + duration else empty).pixels, k) for k in range(first + duration + 9)
        ]
        wanted = [int(first <= k < first + duration) for k in range(len(frames))]
        assert numbers(track(pipeline, frames, 8, 16)) == wanted, phase


@pytest.mark.parametrize("phase", [0, 7, 13, 19])
def test_the_same_on_long_cells(pipeline: FaceMeshPipeline, face: Image, phase: int) -> None:
    empty, shown = scene(), scene((face, 130, 20))
    frames = [Frame((shown if phase <= k - 20 < 5 + phase else empty).pixels, k) for k in range(60)]
    assert numbers(track(pipeline, frames, 20)) == [int(phase <= k - 20 < 5 + phase) for k in range(60)]


def test_while_nobody_is_there_every_fourth_frame_is_detected(pipeline: FaceMeshPipeline, counted: _Counted) -> None:
    found = track(pipeline, [scene(index=k) for k in range(41)], 20)
    assert numbers(found) == [0] * 41
    assert sorted(counted.detected) == list(range(0, 41, 4))
    assert counted.num_looks == 0


@pytest.mark.parametrize(("score", "is_near"), [(0.41, True), (0.39, False)])
def test_where_the_detector_almost_sees_a_face_no_frame_is_left_out(
    pipeline: FaceMeshPipeline,
    counted: _Counted,
    face: Image,
    monkeypatch: pytest.MonkeyPatch,
    score: float,
    is_near: bool,
) -> None:
    """A face that is there for one frame, between two of the grid."""
    frames = [Frame(scene(*([(face, 130, 20)] if k == 6 else [])).pixels, k) for k in range(21)]
    search = pipeline.detector.search

    def almost(frames: Sequence[Frame]) -> list[Found]:
        return [
            Found(found.detections, score) if frame.index == 8 else found
            for frame, found in zip(frames, search(frames), strict=True)
        ]

    monkeypatch.setattr(pipeline.detector, "search", almost)
    assert numbers(track(pipeline, frames, 20)) == [int(is_near and k == 6) for k in range(21)]
    beside = {5, 6, 7, 9, 10, 11} if is_near else set()
    assert set(counted.detected) == {*range(0, 21, 4), *beside}


def test_at_a_cut_the_frames_between_are_exact(pipeline: FaceMeshPipeline, face: Image) -> None:
    """One face before and one face after, near enough to be taken for the same."""
    scenes = [scene((face, 130, 20)), scene((face, 150, 30), level=180)]
    frames = [Frame(scenes[k >= 9].pixels, k) for k in range(24)]
    found = as_bytes(track(pipeline, frames, 20))
    assert found[:21] == as_bytes(pipeline.process_frames(frames[:21]))


def test_a_face_that_jumps_is_not_carried(pipeline: FaceMeshPipeline, face: Image) -> None:
    frames = [scene((face, 20 if k < 9 else 250, 20), index=k) for k in range(20)]
    found = track(pipeline, frames, 20)
    assert as_bytes(found) == as_bytes(pipeline.process_frames(frames))


def test_a_face_that_hides_between_two_grid_frames(pipeline: FaceMeshPipeline, face: Image) -> None:
    frames = [scene(*[(face, 130, 20)] * (not 6 <= k < 12), index=k) for k in range(20)]
    assert numbers(track(pipeline, frames, 20)) == [int(not 6 <= k < 12) for k in range(20)]


def test_a_fast_face_is_looked_at_again(pipeline: FaceMeshPipeline, face: Image, counted: _Counted) -> None:
    """It swings to and fro twice within a cell, so that halves of it tell nothing of the rest."""
    places = [130 + round(25 * np.sin(k * 2 * np.pi / 10)) for k in range(21)]
    frames = [scene((face, x, 20), index=k) for k, x in enumerate(places)]
    found = track(pipeline, frames, 20)
    assert counted.num_looks > 25
    exact = pipeline.process_frames(frames)
    drifts = [mean_distance(a.landmarks[0], b.landmarks[0]) for a, b in zip(found, exact, strict=True)]
    assert max(drifts) < 3.0


@pytest.fixture(scope="module")
def two() -> FaceMeshPipeline:
    return FaceMeshPipeline(device="cpu", num_faces=2)


def test_two_faces_keep_apart_and_the_larger_one_comes_first(two: FaceMeshPipeline, face: Image) -> None:
    small = cv2.resize(cv2.resize(face, (120, 120)), (120, 120))
    padded = np.full((160, 160, 3), 90, np.uint8)
    padded[20:140, 20:140] = small
    frames = [scene((face, 10 + k, 20), (padded, 240 - k, 20), index=k) for k in range(21)]
    found = track(two, frames, 20)
    assert numbers(found) == [2] * 21
    noses = np.array([meshes.landmarks[:, 4, 0] for meshes in found])
    assert np.abs(np.diff(noses[:, 0]) - 1).max() < 1
    assert np.abs(np.diff(noses[:, 1]) + 1).max() < 1


def boxes_at(left: float, has_face: bool = True) -> Detections:
    boxes = np.array([[left + 45, 60, left + 115, 140]])[: int(has_face)]
    return Detections(boxes, np.full((len(boxes), 6, 2), np.nan), np.full(len(boxes), 0.8))


def test_given_boxes_are_followed_without_a_detector(
    pipeline: FaceMeshPipeline, face: Image, counted: _Counted
) -> None:
    frames = [scene((face, 100 + k, 20), index=k) for k in range(30)]
    given = [boxes_at(100 + k, has_face=not 8 <= k < 11) for k in range(30)]
    found = track(pipeline, frames, 20, 20, given)
    assert counted.detected == []
    assert numbers(found) == [int(not 8 <= k < 11) for k in range(30)]
    assert counted.num_looks < 1.7 * 30
    shown = [k for k in range(30) if len(found[k])]
    np.testing.assert_array_equal([found[k].boxes[0] for k in shown], [given[k].boxes[0] for k in shown])
    np.testing.assert_array_equal([found[k].scores[0] for k in shown], 0.8)
    assert all(np.isnan(found[k].keypoints).all() for k in shown)


def test_a_box_elsewhere_is_believed_rather_than_the_face_before(pipeline: FaceMeshPipeline, face: Image) -> None:
    """Two faces, and the boxes name the other one for five frames."""
    frames = [scene((face, 10, 20), (face, 240, 20), index=k) for k in range(20)]
    given = [boxes_at(240 if 5 <= k < 10 else 10) for k in range(20)]
    found = track(pipeline, frames, 20, given=given)
    noses: npt.NDArray[np.float64] = np.array([meshes.landmarks[0, 4, 0] for meshes in found])
    assert (noses[5:10] > 240).all()
    assert (np.delete(noses, range(5, 10)) < 180).all()


def test_frames_that_change_their_size(pipeline: FaceMeshPipeline, face: Image) -> None:
    large = scene((face, 130, 20))
    assert isinstance(large.pixels, np.ndarray)
    frames = [Frame(large.pixels if k < 7 else large.pixels[:, 60:360], k) for k in range(20)]
    found = track(pipeline, frames, 20)
    assert [meshes.size for meshes in found] == [(420, 200)] * 7 + [(300, 200)] * 13
    assert as_bytes(found) == as_bytes(pipeline.process_frames(frames))
