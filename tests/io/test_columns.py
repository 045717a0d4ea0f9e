from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from facestream.io.columns import MESH_COLUMNS, mesh_row, split_mesh_rows


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
