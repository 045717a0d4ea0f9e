from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from facestream.ssi.columns import (
    MESH_COLUMNS,
    box_row,
    column_names,
    keypoint_row,
    mesh_row,
    split_box_rows,
    split_mesh_rows,
)


def test_a_row_by_hand() -> None:
    landmarks = np.zeros((468, 3))
    landmarks[0] = [320, 90, 7]
    landmarks[467] = [-64, 720, 7]
    row = mesh_row(landmarks, 0.75, (640, 360))
    assert row.shape == (937,)
    assert row.dtype == np.float32
    assert row[:2].tolist() == [0.25, 0.5], "y before x, as fractions"
    assert row[-3:].tolist() == np.array([2.0, -0.1, 0.75], np.float32).tolist(), "not clipped, the confidence last"


@given(st.integers(1, 10_000), st.integers(1, 10_000), st.floats(-2, 3), st.floats(0, 1))
def test_round_trip(width: int, height: int, fraction: float, confidence: float) -> None:
    landmarks = np.tile([fraction * width, (1 - fraction) * height], (468, 1))
    rows = mesh_row(landmarks, confidence, (width, height))[None]
    assert rows.shape == (1, MESH_COLUMNS)
    back, confidences = split_mesh_rows(rows, (width, height))
    np.testing.assert_allclose(back[0], landmarks, atol=max(width, height) * 3e-7)
    np.testing.assert_allclose(confidences, [confidence], atol=1e-7)


def test_a_box_as_a_row() -> None:
    row = box_row(np.array([10.0, 20.0, 110.0, 70.0]), 0.75, (200, 100))
    assert row.dtype == np.float32
    np.testing.assert_allclose(row, [0.2, 0.05, 0.7, 0.55, 0.75])


def test_keypoints_as_a_row() -> None:
    keypoints = np.arange(12.0).reshape(6, 2)
    row = keypoint_row(keypoints, 0.5, (200, 100))
    np.testing.assert_allclose(row[:4], [0.01, 0.0, 0.03, 0.01])
    np.testing.assert_allclose(row[10:], [0.11, 0.05, 0.5])


@given(hnp.arrays(np.float64, (4,), elements=st.floats(-4000, 4000)), st.integers(1, 4096), st.integers(1, 4096))
def test_boxes_come_back(box: np.ndarray, width: int, height: int) -> None:
    boxes, scores = split_box_rows(box_row(box, 0.25, (width, height))[None], (width, height))
    np.testing.assert_allclose(boxes[0], box, atol=1e-3)
    assert scores.tolist() == [0.25]
    assert np.isnan(split_box_rows(np.zeros((3, 4), np.float32), (width, height))[1]).all()


def test_names_of_columns() -> None:
    assert column_names("feature;face;boundingbox;blazeface", 5) == ("ymin", "xmin", "ymax", "xmax", "confidence")
    assert column_names("feature;face;boundingbox", 4) == ("ymin", "xmin", "ymax", "xmax")
    keypoints = column_names("feature;face;landmarks;blazeface", 13)
    assert keypoints[:4] == ("y_right_eye", "x_right_eye", "y_left_eye", "x_left_eye")
    mesh = column_names("feature;face;landmarks;facemesh", 937)
    assert (mesh[0], mesh[1], mesh[-2], mesh[-1]) == ("y_0", "x_0", "x_467", "confidence")
    assert column_names("feature;audio", 3) == ("column_0", "column_1", "column_2")
    assert column_names("feature;face;landmarks", 4) == ("column_0", "column_1", "column_2", "column_3")
