from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from facestream.errors import OutputError
from facestream.media.source import open_source
from facestream.media.video import writer as video_writer
from facestream.media.video.writer import ENCODERS, VideoWriter
from tests.media.clips import grey_levels, numbered_frames

AVAILABLE = [name for name, _ in ENCODERS if name in av.codecs_available]


@pytest.mark.parametrize("encoder", [name for name in AVAILABLE if "videotoolbox" not in name])
def test_time_stamps_size_and_pixel_aspect_are_kept(
    tmp_path: Path, encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video_writer, "ENCODERS", tuple(entry for entry in ENCODERS if entry[0] == encoder))
    times = [3.0, 3.04, 3.05, 3.3, 4.1]
    writer = VideoWriter(tmp_path / "a.mp4", (64, 48), Fraction(25), 4 / 3, "a comment")
    for image, time_s in zip(numbered_frames(5), times, strict=True):
        writer.write(image, time_s)
    writer.close()
    source = open_source(tmp_path / "a.mp4")
    frames = list(source)
    np.testing.assert_allclose([frame.timestamp_s for frame in frames], np.subtract(times, 3.0), atol=1e-4)
    np.testing.assert_allclose(grey_levels(frames), [10, 20, 30, 40, 50], atol=4.9)
    assert source.info.pixel_aspect == pytest.approx(4 / 3)
    assert b"a comment" in (tmp_path / "a.mp4").read_bytes()


def test_an_odd_frame_grows_by_a_row_and_a_column(tmp_path: Path) -> None:
    writer = VideoWriter(tmp_path / "a.mp4", (63, 47), Fraction(25), 1.0)
    writer.write(np.full((47, 63, 3), 99, np.uint8), 0.0)
    writer.close()
    assert next(iter(open_source(tmp_path / "a.mp4"))).size == (64, 48)


def test_time_stamps_that_stand_still_are_moved_on(tmp_path: Path) -> None:
    writer = VideoWriter(tmp_path / "a.mp4", (64, 48), Fraction(25), 1.0)
    for image, time_s in zip(numbered_frames(3), [0.0, 0.0, 0.0], strict=True):
        writer.write(image, time_s)
    writer.close()
    assert len(list(open_source(tmp_path / "a.mp4"))) == 3


def test_no_encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video_writer, "ENCODERS", ())
    with pytest.raises(OutputError, match="no encoder for MP4; leave --overlay out"):
        VideoWriter(tmp_path / "a.mp4", (64, 48), Fraction(25), 1.0)
