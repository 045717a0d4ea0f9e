"""Recordings of live cameras, whose pictures come when they like."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facestream import read_stream
from facestream.errors import RequestError
from facestream.server.live.worker import Recording, read_picture
from tests.media.foreign_media import FOREIGN_FORMATS


def row(value: float) -> np.ndarray:
    return np.full(937, value, np.float32)


def test_each_row_is_the_newest_mesh_at_its_time(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "live.stream", 100.0)
    recording.add(row(1), (640, 480), 100.0)
    recording.add(row(2), (640, 480), 100.1)
    recording.add(None, (640, 480), 100.2)
    recording.add(row(3), (640, 480), 100.24)
    recording.finish(100.4)
    found = read_stream(tmp_path / "live.stream")
    # Rows at 0, 0.04, 0.08, ... s: what comes at 0.1 s is first seen at 0.12 s.
    assert found.data[:, 5].tolist() == [1, 1, 1, 2, 2, 0, 3, 3, 3, 3]
    assert (found.rate_hz, found.size, found.media_type) == (25, (640, 480), "feature;face;landmarks;facemesh")


def test_what_is_not_finished_leaves_nothing(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "live.stream", 0.0)
    recording.add(row(1), (4, 3), 0.0)
    recording.discard()
    empty = Recording(tmp_path / "live.stream", 0.0)
    with pytest.raises(RequestError, match="nothing was recorded"):
        empty.finish(0.0)
    assert list(tmp_path.iterdir()) == []


def test_pictures(astronaut: np.ndarray) -> None:
    content = io.BytesIO()
    Image.fromarray(astronaut).save(content, "PNG")
    np.testing.assert_array_equal(read_picture(content.getvalue()), astronaut)
    for wrong in (b"", b"GIF89a", content.getvalue()[:500]):
        with pytest.raises(RequestError, match="that is no picture"):
            read_picture(wrong)


@pytest.mark.parametrize("kind", sorted(FOREIGN_FORMATS))
def test_a_picture_of_a_camera_leads_to_no_file(kind: str, sample: Path) -> None:
    write = FOREIGN_FORMATS[kind][0]
    with pytest.raises(RequestError):
        read_picture(write(str(sample)))
