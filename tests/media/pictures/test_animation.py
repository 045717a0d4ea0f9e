"""Animated pictures of every format give the same frames at the same times."""

from __future__ import annotations

import io
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from facestream.errors import SourceError
from facestream.media.pictures.animation_times import read_animation_times
from facestream.media.source import Source, open_source
from facestream.media.video.frame_times import read_frame_times
from tests.media.clips import cut, numbered_frames, write_clip

FORMATS = ("webp", "png", "gif", "avif")
DURATIONS_MS = (80, 120, 80, 200, 80)
TIMES_S = (0.0, 0.08, 0.2, 0.28, 0.48)
SIZE = (64, 48)


def pictures() -> list[Image.Image]:
    """A red field on nothing, and a blue square that walks over both."""
    drawn = []
    for number in range(len(DURATIONS_MS)):
        pixels = np.zeros((SIZE[1], SIZE[0], 4), np.uint8)
        pixels[:, :32] = (200, 20 * number, 10, 255)
        pixels[8 + 4 * number : 16 + 4 * number, 28:44] = (0, 0, 255, 255)
        drawn.append(Image.fromarray(pixels))
    return drawn


def on_white(picture: Image.Image) -> np.ndarray[Any, np.dtype[np.uint8]]:
    white = Image.new("RGBA", picture.size, "white")
    return np.asarray(Image.alpha_composite(white, picture).convert("RGB"))


def save(path: Path, durations_ms: Any = DURATIONS_MS, **more: Any) -> Path:
    first, *others = pictures()
    quality: dict[str, Any] = {"webp": {"lossless": True}, "avif": {"quality": 100, "subsampling": "4:4:4"}}
    options = quality.get(path.suffix[1:], {}) | ({"disposal": 2} if path.suffix == ".gif" else {}) | more
    first.save(path, save_all=True, append_images=others, duration=list(durations_ms), loop=0, **options)
    return path


def check(source: Source, tolerance: int = 0) -> None:
    frames = list(source)
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
    assert [frame.timestamp_s for frame in frames] == pytest.approx(TIMES_S, abs=1e-9)
    for frame, picture in zip(frames, pictures(), strict=True):
        difference = np.abs(frame.image.astype(int) - on_white(picture))
        assert difference.max() <= tolerance
    assert source.shortfall is None
    assert source.notes == ()


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_frame_at_its_time_over_white(suffix: str, tmp_path: Path) -> None:
    with closing(open_source(save(tmp_path / f"a.{suffix}"))) as source:
        info = source.info
        assert (info.kind, info.width, info.height, info.start_s) == ("video", *SIZE, 0.0)
        check(source, tolerance=4 if suffix == "avif" else 0)
    np.testing.assert_allclose(read_frame_times(info), TIMES_S, atol=1e-9)


@pytest.mark.parametrize("suffix", FORMATS)
def test_durations_of_next_to_nothing_are_a_tenth_of_a_second(suffix: str, tmp_path: Path) -> None:
    """As browsers have it."""
    path = save(tmp_path / f"a.{suffix}", (40, 10, 20, 0 if suffix != "avif" else 10, 30))
    with closing(open_source(path)) as source:
        assert [frame.timestamp_s for frame in source] == pytest.approx([0, 0.04, 0.14, 0.16, 0.26], abs=1e-9)


@pytest.mark.parametrize("suffix", FORMATS)
def test_even_frames_have_an_exact_rate(suffix: str, tmp_path: Path) -> None:
    with closing(open_source(save(tmp_path / f"a.{suffix}", [40] * 5))) as source:
        assert source.info.rate_hz == 25
        assert source.info.num_frames_header == 5


def test_fractions_of_a_second_stay_exact(tmp_path: Path) -> None:
    """PNG has any fraction; other programs than Pillow write 1001/30000."""
    data = save(tmp_path / "a.png").read_bytes()
    at, found = 0, 0
    while (at := data.find(b"fcTL", at)) >= 0:
        control = bytearray(data[at + 4 : at + 30])
        control[20:24] = (1001).to_bytes(2) + (30_000).to_bytes(2)
        data = data[: at + 4] + bytes(control) + _crc(b"fcTL" + bytes(control)) + data[at + 34 :]
        at, found = at + 4, found + 1
    assert found == 5
    (tmp_path / "b.png").write_bytes(data)
    assert read_animation_times(tmp_path / "b.png", "PNG") == [Fraction(1001, 30_000) * k for k in range(5)]
    with closing(open_source(tmp_path / "b.png")) as source:
        assert source.info.rate_hz == Fraction(30_000, 1001)
        assert len(list(source)) == 5


def _crc(content: bytes) -> bytes:
    import zlib

    return zlib.crc32(content).to_bytes(4)


@pytest.mark.parametrize("suffix", ["webp", "png"])  # the library of AVIF ends the process that writes turned frames
@pytest.mark.parametrize("orientation", [3, 6, 7])
def test_exif_turns_every_frame_upright(suffix: str, orientation: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    path = save(tmp_path / f"a.{suffix}", exif=exif.tobytes())
    first = Image.fromarray(on_white(pictures()[0]))
    first.getexif()[274] = orientation
    from PIL import ImageOps

    still = Image.open(io.BytesIO(_as_png(first, orientation)))
    wanted = np.asarray(ImageOps.exif_transpose(still))
    with closing(open_source(path)) as source:
        frames = list(source)
        assert frames[0].size == (source.info.width, source.info.height) == wanted.shape[1::-1]
        np.testing.assert_array_equal(frames[0].image, wanted)
        assert len({frame.size for frame in frames}) == 1


def _as_png(picture: Image.Image, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[274] = orientation
    file = io.BytesIO()
    picture.save(file, "PNG", exif=exif)
    return file.getvalue()


def test_the_still_of_a_png_for_other_programs_is_no_frame(tmp_path: Path) -> None:
    first, *others = pictures()
    still = Image.new("RGBA", SIZE, (0, 255, 0, 255))
    path = tmp_path / "a.png"
    still.save(path, save_all=True, append_images=[first, *others], duration=list(DURATIONS_MS), default_image=True)
    with closing(open_source(path)) as source:
        check(source)


@pytest.mark.parametrize("suffix", ["webp", "png", "gif"])
def test_a_file_that_breaks_off_gives_its_frames(suffix: str, tmp_path: Path) -> None:
    path = cut(save(tmp_path / f"whole.{suffix}"), tmp_path / f"a.{suffix}", 0.75)
    with closing(open_source(path)) as source:
        frames = list(source)
        assert 1 <= len(frames) < 5
        assert source.shortfall is not None
        for frame, picture in zip(frames, pictures(), strict=False):
            assert np.abs(frame.image.astype(int) - on_white(picture)).max() <= 4


def test_an_avif_that_breaks_off_is_refused(tmp_path: Path) -> None:
    """Its library wants all of it."""
    path = cut(save(tmp_path / "whole.avif"), tmp_path / "a.avif", 0.75)
    with pytest.raises(SourceError, match=r"a\.avif: not a picture or video .*check that it is whole"):
        open_source(path)


@pytest.mark.parametrize("suffix", FORMATS)
def test_one_frame_of_a_kind_that_may_move_is_a_picture(suffix: str, tmp_path: Path) -> None:
    pictures()[0].save(tmp_path / f"a.{suffix}")
    with closing(open_source(tmp_path / f"a.{suffix}")) as source:
        assert source.info.kind == "picture"
        assert len(list(source)) == 1
        assert source.shortfall is None


def test_pages_are_no_frames(tmp_path: Path) -> None:
    first, *others = (picture.convert("RGB") for picture in pictures())
    first.save(tmp_path / "a.tiff", save_all=True, append_images=others)
    with closing(open_source(tmp_path / "a.tiff")) as source:
        assert source.info.kind == "picture"
        assert len(list(source)) == 1
        assert source.notes == ("the picture holds 5 frames; only the first is used",)


def test_a_heif_sequence(tmp_path: Path) -> None:
    """What cameras write as ``.heics`` is a movie under another brand, whose track is of pictures."""
    if "libx265" not in __import__("av").codecs_available:
        pytest.skip("this FFmpeg has no encoder for HEVC")
    clip = write_clip(tmp_path / "a.mp4", numbered_frames(6, 64, 64), codec="libx265", rate=10)
    data = bytearray(clip.read_bytes())
    data[8:12] = b"msf1"
    at = data.index(b"ftyp") + 12
    data[at : at + 4] = b"hevc"
    handler = data.index(b"vide", data.index(b"hdlr"))
    data[handler : handler + 4] = b"pict"
    (tmp_path / "a.heics").write_bytes(data)
    with closing(open_source(tmp_path / "a.heics")) as source:
        assert source.info.kind == "video"
        frames = list(source)
    assert [frame.timestamp_s for frame in frames] == pytest.approx([k / 10 for k in range(6)])
    assert [round(frame.image.mean() / 10) for frame in frames] == [1, 2, 3, 4, 5, 6]
