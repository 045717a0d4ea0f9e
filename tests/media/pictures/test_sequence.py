"""Numbered pictures as the frames of one clip."""

from __future__ import annotations

from contextlib import closing
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facestream.errors import SourceError
from facestream.media.pictures.numbered import find_pictures, is_pattern, sequence_stem
from facestream.media.source import open_source
from facestream.media.video.frame_times import read_frame_times


def save(folder: Path, *names: str, size: tuple[int, int] = (32, 24)) -> None:
    """Pictures that tell their place in the list by their grey level, 10 more each."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        Image.new("RGB", size, (10 * (number + 1),) * 3).save(folder / name)


def levels(place: Path, rate_hz: int = 25) -> list[float]:
    with closing(open_source(place, sequence_hz=Fraction(rate_hz))) as source:
        return [float(frame.image.mean()) for frame in source]


def test_natural_order_and_even_times(tmp_path: Path) -> None:
    save(tmp_path / "frames", "f1.png", "f2.png", "F9.png", "f10.png", "f100.png")
    (tmp_path / "frames" / ".hidden.png").write_bytes(b"x")
    (tmp_path / "frames" / "f3.overlay.png").write_bytes(b"x")
    (tmp_path / "frames" / "notes.txt").write_text("x")
    with closing(open_source(tmp_path / "frames", sequence_hz=Fraction(25))) as source:
        info = source.info
        assert (info.kind, info.width, info.height, info.num_frames_header) == ("video", 32, 24, 5)
        assert info.rate_hz == 25
        frames = list(source)
        assert source.shortfall is None
    assert [frame.image[0, 0, 0] for frame in frames] == [10, 20, 30, 40, 50]
    assert [(frame.index, frame.timestamp_s) for frame in frames] == [(k, k / 25) for k in range(5)]
    np.testing.assert_allclose(read_frame_times(info), np.arange(5) / 25)


def test_a_pattern_chooses(tmp_path: Path) -> None:
    save(tmp_path, "a_1.png", "b_1.png", "a_2.png", "b_2.jpg")
    assert levels(tmp_path / "a_*.png") == [10, 30]
    assert levels(tmp_path / "b_*") == pytest.approx([20, 40], abs=1)
    assert levels(tmp_path / "a_[2].png") == [30]


@pytest.mark.parametrize(
    ("place", "stem"),
    [("x/frames", "x/frames"), ("x/frames/*.png", "x/frames"), ("x/cam1_*.png", "x/cam1"), ("x/v1.0", "x/v1.0")],
)
def test_what_results_are_named_for(place: str, stem: str) -> None:
    assert sequence_stem(Path(place)) == Path(stem)


def test_a_file_whose_name_looks_like_a_pattern_is_a_file(tmp_path: Path) -> None:
    save(tmp_path, "a[1].png")
    assert not is_pattern(tmp_path / "a[1].png")
    assert is_pattern(tmp_path / "a*.png")
    with pytest.raises(SourceError, match="a file, where --sequence wants a folder of numbered pictures"):
        find_pictures(tmp_path / "a[1].png")


def test_pictures_of_two_sizes_are_refused_before_any_is_decoded(tmp_path: Path) -> None:
    save(tmp_path, "1.png", "2.png")
    save(tmp_path, "3.png", size=(24, 32))
    with pytest.raises(SourceError, match=r"3\.png: 24 x 32 pixels, where the pictures before it have 32 x 24; the"):
        open_source(tmp_path, sequence_hz=Fraction(25))


def test_exif_turns_each_picture(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6
    for number in range(2):
        Image.new("RGB", (32, 24), (9, 9, 9)).save(tmp_path / f"{number}.jpg", exif=exif)
    with closing(open_source(tmp_path, sequence_hz=Fraction(1))) as source:
        assert [frame.size for frame in source] == [(24, 32)] * 2


def test_a_damaged_picture_is_passed_over_and_named(tmp_path: Path) -> None:
    save(tmp_path, "1.png", "2.png", "3.png", "4.png")
    (tmp_path / "3.png").write_bytes((tmp_path / "3.png").read_bytes()[:60])
    with closing(open_source(tmp_path, sequence_hz=Fraction(10))) as source:
        frames = list(source)
        assert source.shortfall == "1 of 4 pictures cannot be read, the first is 3.png"
    assert [(frame.index, frame.timestamp_s) for frame in frames] == [(0, 0.0), (1, 0.1), (3, 0.3)]


def test_numbers_that_are_left_out_are_named(tmp_path: Path) -> None:
    save(tmp_path / "gaps", "f1.png", "f2.png", "f5.png", "f6.png")
    with closing(open_source(tmp_path / "gaps", sequence_hz=Fraction(10))) as source:
        (note,) = source.notes
        assert note.startswith("numbers of pictures are left out at 1 places, first between f2.png and f5.png")
    save(tmp_path / "tens", "f0.png", "f10.png", "f20.png")
    with closing(open_source(tmp_path / "tens", sequence_hz=Fraction(10))) as source:
        assert source.notes == ()


def test_kinds_that_ffmpeg_reads(tmp_path: Path) -> None:
    save(tmp_path, "1.tga", "2.tga")
    assert levels(tmp_path) == [10, 20]


def test_places_without_pictures(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no picture in this folder, where --sequence wants"):
        open_source(tmp_path, sequence_hz=Fraction(25))
    with pytest.raises(SourceError, match="no picture fits this pattern"):
        open_source(tmp_path / "*.png", sequence_hz=Fraction(25))
    with pytest.raises(SourceError, match="there is no such folder"):
        open_source(tmp_path / "absent", sequence_hz=Fraction(25))
    with pytest.raises(SourceError, match="--sequence HZ reads its pictures as one clip"):
        open_source(tmp_path)
