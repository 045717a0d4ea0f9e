from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facestream.media.source import open_source
from facestream.media.video.frame_times import frame_clock, read_frame_times
from tests.media.clips import cut, numbered_frames, remux, write_clip


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_packets_tell_the_times_of_the_frames(tmp_path: Path, suffix: str) -> None:
    times_s = [0.0, 0.1, 0.15, 0.6, 1.0]
    clip = write_clip(tmp_path / f"c{suffix}", numbered_frames(5), timestamps_s=times_s, codec="libx264")
    source = open_source(clip)
    np.testing.assert_allclose(read_frame_times(source.info), times_s, atol=1e-3)
    assert [frame.timestamp_s for frame in source] == read_frame_times(source.info).tolist()
    assert float(frame_clock(source.info).rate_hz) == pytest.approx(4.0)


def test_steady_clips_have_the_containers_rate(carphone: Path, sample: Path) -> None:
    for path in (carphone, sample):
        info = open_source(path).info
        assert frame_clock(info).rate_hz == info.rate_hz


def test_a_picture_is_one_frame(tmp_path: Path) -> None:
    Image.fromarray(numbered_frames(1)[0]).save(tmp_path / "a.png")
    assert read_frame_times(open_source(tmp_path / "a.png").info).tolist() == [0.0]


def test_a_file_that_breaks_off(tmp_path: Path, sample: Path) -> None:
    clip = cut(remux(sample, tmp_path / "w.mkv"), tmp_path / "c.mkv", 0.5)
    assert 0 < len(read_frame_times(open_source(clip).info)) < 150
