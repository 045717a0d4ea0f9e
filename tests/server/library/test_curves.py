from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from facestream.errors import SourceError
from facestream.server.library.curves import read_curves
from facestream.ssi.stream import write_stream


def test_openings_and_roll_of_a_face_made_by_hand(tmp_path: Path) -> None:
    """On a frame of 200 x 100: eyes 20 wide and 4 and 8 high, a mouth 40 wide and 10 high, a head that is turned."""
    points = np.zeros((468, 2))
    for landmark, (x, y) in {
        33: (40, 50), 133: (60, 50), 159: (50, 48), 145: (50, 52),
        362: (100, 50), 263: (120, 50), 386: (110, 46), 374: (110, 54),
        78: (60, 80), 308: (100, 80), 13: (80, 75), 14: (80, 85),
    }.items():  # fmt: skip
        points[landmark] = y / 100, x / 200
    turned = points.copy()
    turned[263] = (50 + 80) / 100, 120 / 200
    rows = np.zeros((4, 937), np.float32)
    rows[0, :-1], rows[1, :-1], rows[3, :-1] = points.ravel(), turned.ravel(), points.ravel()
    rows[:, -1] = 1, 0.5, 0, 1
    write_stream(tmp_path / "m.stream", rows, 25, meta={"size": "200:100"})
    curves = read_curves(tmp_path / "m.stream", 100)
    assert curves.rows.tolist() == [0, 1, 2, 3]
    np.testing.assert_allclose(curves.values["confidence"], [1, 0.5, np.nan, 1])
    np.testing.assert_allclose(curves.values["eyes"][[0, 2, 3]], [(4 / 20 + 8 / 20) / 2, np.nan, 0.3], rtol=1e-5)
    np.testing.assert_allclose(curves.values["mouth"], [0.25, 0.25, np.nan, 0.25], rtol=1e-5)
    np.testing.assert_allclose(curves.values["roll"], [0, 45, np.nan, 0], atol=1e-4)


def test_few_points_of_many_rows(tmp_path: Path) -> None:
    rows = np.zeros((1000, 5), np.float32)
    rows[:, 4] = np.arange(1000) / 1000
    write_stream(tmp_path / "b.stream", rows, 25)
    curves = read_curves(tmp_path / "b.stream", 3)
    assert curves.rows.tolist() == [0, 500, 999]
    np.testing.assert_allclose(curves.values["confidence"], [np.nan, 0.5, 0.999], rtol=1e-6)
    with pytest.raises(SourceError):
        read_curves(tmp_path / "absent.stream", 3)
