"""The values of a face are described once."""

from __future__ import annotations

import numpy as np

from facestream.structures import Detections
from facestream.tables.detection_csv import DETECTION_CSV_COLUMNS
from facestream.tables.face_values import DETECTION_VALUES, FACE_VALUES, columns_of, flatten, split_columns
from facestream.tables.mesh_csv import MESH_CSV_COLUMNS


def test_columns_follow_the_values() -> None:
    columns = columns_of(FACE_VALUES)
    assert columns[:6] == ("confidence", "score", "box_left", "box_top", "box_right", "box_bottom")
    assert columns[-3:] == ("x_467", "y_467", "z_467")
    assert len(columns) == 1 + 1 + 4 + 12 + 468 * 3
    assert MESH_CSV_COLUMNS[5:] == columns
    assert DETECTION_CSV_COLUMNS[4:] == columns_of(DETECTION_VALUES) == columns[1:18]


def test_values_come_back_from_their_columns() -> None:
    faces = Detections(np.arange(8.0).reshape(2, 4), np.arange(24.0).reshape(2, 6, 2), np.array([0.5, 0.25]))
    rows = np.array([flatten(faces, face, DETECTION_VALUES) for face in range(2)])
    assert rows[1].tolist() == [0.25, 4, 5, 6, 7, *range(12, 24)]
    back = split_columns(rows, DETECTION_VALUES)
    for name in ("boxes", "keypoints", "scores"):
        np.testing.assert_array_equal(back[name], getattr(faces, name))


def test_no_faces_have_no_rows() -> None:
    back = split_columns(np.zeros((0, len(columns_of(FACE_VALUES)))), FACE_VALUES)
    assert back["landmarks"].shape == (0, 468, 3)
    assert back["presence"].shape == (0,)
