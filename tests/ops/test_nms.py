from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from facestream.ops.nms import box_iou, prominence_order, weighted_nms
from facestream.structures import Detections


def detections(boxes: list[list[float]], scores: list[float]) -> Detections:
    array = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    keypoints = np.repeat(array[:, None, :2], 6, axis=1)
    return Detections(array, keypoints, np.asarray(scores, dtype=np.float64))


def test_iou_by_hand() -> None:
    boxes = np.array([[0, 0, 2, 2], [1, 1, 3, 3], [5, 5, 6, 6], [0, 0, 0, 0]], dtype=float)
    np.testing.assert_allclose(box_iou(boxes[0], boxes), [1, 1 / 7, 0, 0])


def test_overlapping_boxes_become_a_mean_weighted_by_score_with_the_best_score() -> None:
    merged = weighted_nms(detections([[0, 0, 10, 10], [1, 0, 11, 10], [50, 50, 60, 60]], [0.9, 0.6, 0.7]))
    assert merged.scores.tolist() == [0.9, 0.7]
    np.testing.assert_allclose(merged.boxes[0], [0.4, 0, 10.4, 10])
    np.testing.assert_allclose(merged.keypoints[0, 0], [0.4, 0])
    assert merged.boxes[1].tolist() == [50, 50, 60, 60]


def test_overlap_at_the_threshold_is_kept_apart() -> None:
    # 10 x 10 boxes, 10 wide, overlap by x: iou = x / (20 - x) > 0.3 from x = 4.62 on.
    assert len(weighted_nms(detections([[0, 0, 10, 10], [5.5, 0, 15.5, 10]], [0.9, 0.8]))) == 2
    assert len(weighted_nms(detections([[0, 0, 10, 10], [5.2, 0, 15.2, 10]], [0.9, 0.8]))) == 1


def test_nothing_in_nothing_out() -> None:
    assert len(weighted_nms(detections([], []))) == 0


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100), st.floats(1, 50), st.floats(0.5, 1)), max_size=30))
def test_what_is_left_is_ordered_by_score_and_bounded_by_its_inputs(faces: list[tuple[float, ...]]) -> None:
    given_faces = detections([[x, y, x + s, y + s] for x, y, s, _ in faces], [face[3] for face in faces])
    merged = weighted_nms(given_faces)
    assert len(merged) <= len(faces)
    assert (np.diff(merged.scores) <= 0).all()
    if faces:
        assert merged.scores[0] == given_faces.scores.max()
        assert (merged.boxes >= given_faces.boxes.min(axis=0) - 1e-9).all()
        assert (merged.boxes <= given_faces.boxes.max(axis=0) + 1e-9).all()


def test_the_largest_box_is_the_most_prominent_then_score_then_left() -> None:
    faces = detections(
        [[50, 0, 60, 10], [0, 0, 10, 10], [20, 0, 30, 10], [0, 0, 30, 30], [5, 0, 15, 10]], [0.7, 0.6, 0.7, 0.5, 0.6]
    )
    assert prominence_order(faces).tolist() == [3, 2, 0, 1, 4]
