from __future__ import annotations

import numpy as np

from facestream.ops.boxes import square_boxes


def test_the_shorter_side_is_stretched_about_the_middle() -> None:
    boxes = np.array([[10.0, 20.0, 50.0, 40.0], [0.0, 0.0, 10.0, 30.0], [1.0, 2.0, 4.0, 5.0]])
    np.testing.assert_allclose(square_boxes(boxes), [[10, 10, 50, 50], [-10, 0, 20, 30], [1, 2, 4, 5]])
    assert square_boxes(np.empty((0, 4))).shape == (0, 4)
