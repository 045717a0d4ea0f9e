from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from facestream.errors import SourceError
from facestream.media.pictures.picture import PICTURE_FORMATS
from facestream.media.source import open_source
from facestream.structures import Frame

RGB = np.array([[[200, 100, 50], [0, 255, 7]], [[1, 2, 3], [90, 80, 70]]], np.uint8).repeat(8, 0).repeat(8, 1)


def read(path: Path) -> Frame:
    source = open_source(path)
    assert source.info.kind == "picture"
    frames = list(source)
    assert len(frames) == 1
    assert (source.info.width, source.info.height) == frames[0].size
    assert source.info.rate_hz == 1
    return frames[0]


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tiff", "a.webp", "a.ppm", "a.jp2"])
def test_lossless_formats_read_to_their_pixels(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    options: dict[str, Any] = {"lossless": True} if name == "a.webp" else {}
    Image.fromarray(RGB).save(path, **options)
    np.testing.assert_array_equal(read(path).image, RGB)


def test_the_content_decides_not_the_name(tmp_path: Path) -> None:
    Image.fromarray(RGB).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.mp4")
    np.testing.assert_array_equal(read(tmp_path / "a.mp4").image, RGB)


def test_grey(tmp_path: Path) -> None:
    Image.fromarray(RGB[..., 0]).save(tmp_path / "grey.png")
    np.testing.assert_array_equal(read(tmp_path / "grey.png").image, RGB[..., :1].repeat(3, 2))


def test_one_bit(tmp_path: Path) -> None:
    Image.fromarray(RGB[..., 0] > 50).save(tmp_path / "bits.png")
    assert set(np.unique(read(tmp_path / "bits.png").image)) == {0, 255}


def test_palette(tmp_path: Path) -> None:
    Image.fromarray(RGB).quantize(4).save(tmp_path / "palette.png")
    np.testing.assert_array_equal(read(tmp_path / "palette.png").image, RGB)


def test_alpha_lies_over_white(tmp_path: Path) -> None:
    rgba = np.dstack([RGB, np.full(RGB.shape[:2], 255, np.uint8)])
    rgba[:8, :8, 3] = 0
    rgba[8:, 8:, 3] = 51
    Image.fromarray(rgba).save(tmp_path / "alpha.png")
    image = read(tmp_path / "alpha.png").image
    assert (image[:8, :8] == 255).all(), "the hidden colour does not show"
    np.testing.assert_array_equal(image[:8, 8:], RGB[:8, 8:])
    np.testing.assert_allclose(image[8:, 8:], np.broadcast_to([222, 220, 218], (8, 8, 3)), atol=1)


@pytest.mark.parametrize("name", ["deep.png", "deep.tiff"])
@pytest.mark.parametrize("channels", [1, 3])
def test_16_bits_are_scaled(tmp_path: Path, name: str, channels: int) -> None:
    deep = (np.arange(64 * 32).reshape(32, 64).astype(np.uint16)) * 32
    stored = deep if channels == 1 else np.dstack([deep, deep[::-1], deep // 2])
    cv2.imwrite(str(tmp_path / name), stored if channels == 1 else stored[..., ::-1])
    image = read(tmp_path / name).image.astype(float)
    expected = stored / 257.0 if channels == 3 else np.repeat(stored[..., None] / 257.0, 3, axis=2)
    assert np.abs(image - expected).max() <= 1.0


def test_whole_numbers_of_32_bits(tmp_path: Path) -> None:
    levels = np.arange(256, dtype=np.int32).reshape(16, 16)
    for factor in (1, 257, 70_000):
        Image.fromarray(levels * factor).save(tmp_path / "whole.tiff")
        np.testing.assert_array_equal(read(tmp_path / "whole.tiff").image[..., 0], levels)


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr", "LAB", "LA"])
def test_other_colour_modes(tmp_path: Path, mode: str) -> None:
    grey = Image.fromarray(RGB[..., :1].repeat(3, 2))
    if mode == "LAB":
        lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
        converted = ImageCms.applyTransform(grey, lab)
        assert converted is not None
    else:
        converted = grey.convert(mode)
    converted.save(tmp_path / "mode.tiff")
    np.testing.assert_allclose(read(tmp_path / "mode.tiff").image, np.asarray(grey), atol=26)


@pytest.mark.parametrize("top", [1.0, 255.0, 65535.0])
def test_float_pictures_are_scaled(tmp_path: Path, top: float) -> None:
    levels = np.linspace(0, top, 256, dtype=np.float32).reshape(16, 16)
    Image.fromarray(levels).save(tmp_path / "float.tiff")
    image = read(tmp_path / "float.tiff").image
    np.testing.assert_allclose(image[..., 0].reshape(-1), np.arange(256), atol=1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_the_picture_upright(tmp_path: Path, orientation: int) -> None:
    upright = np.zeros((40, 60, 3), np.uint8)
    upright[:20, :20], upright[:20, 40:] = [255, 0, 0], [0, 255, 0]
    undo = [None, None, 0, 3, 1, 5, 2, 6, 4][orientation]
    methods = list(Image.Transpose)
    stored = Image.fromarray(upright)
    if undo is not None:
        stored = stored.transpose(methods[undo])
    exif = Image.Exif()
    exif[274] = orientation
    stored.save(tmp_path / "turned.png", exif=exif)
    source = open_source(tmp_path / "turned.png")
    np.testing.assert_array_equal(next(iter(source)).image, upright)
    assert source.info.rotation_deg == {3: 180, 4: 180, 5: 90, 6: 90, 7: 270, 8: 270}.get(orientation, 0)
    assert source.info.mirrored == (orientation in (2, 4, 5, 7))


def test_further_frames_of_a_picture_are_named(tmp_path: Path) -> None:
    pages = [Image.fromarray(RGB), Image.fromarray(RGB[::-1].copy())]
    pages[0].save(tmp_path / "pages.tiff", save_all=True, append_images=pages[1:])
    source = open_source(tmp_path / "pages.tiff")
    np.testing.assert_array_equal(next(iter(source)).image, RGB)
    assert source.notes == ("the picture holds 2 frames; only the first is used",)


def test_a_cut_picture_is_an_error(tmp_path: Path) -> None:
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)).save(tmp_path / "cut.png")
    data = (tmp_path / "cut.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(SourceError, match=r"cut\.png: the picture is damaged"):
        open_source(tmp_path / "cut.png")


def test_a_picture_that_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    Image.new("1", (40_000, 40_000)).save(tmp_path / "bomb.png")
    with pytest.raises(SourceError, match="too large to unpack"):
        open_source(tmp_path / "bomb.png")


def test_a_large_picture_is_read_without_a_word(tmp_path: Path) -> None:
    Image.new("L", (12_000, 8_000)).save(tmp_path / "large.png")
    assert read(tmp_path / "large.png").size == (12_000, 8_000)


def test_an_avif_whose_first_brand_is_that_of_both(tmp_path: Path) -> None:
    Image.new("RGB", (64, 48), "red").save(tmp_path / "a.avif")
    content = (tmp_path / "a.avif").read_bytes()
    assert content[4:12] == b"ftypavif"
    (tmp_path / "a.avif").write_bytes(content[:8] + b"mif1" + content[12:])
    assert open_source(tmp_path / "a.avif").info.width == 64


def test_heic_without_its_plug_in_names_it(tmp_path: Path) -> None:
    try:
        import pillow_heif  # noqa: F401
    except ImportError:
        (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic" + b"\0" * 64)
        with pytest.raises(SourceError, match="pip install pillow-heif"):
            open_source(tmp_path / "a.heic")


def test_a_drawing_that_is_a_program_is_never_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow would start Ghostscript for an EPS, whatever it is called."""
    program = tmp_path / "gs"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/was-run\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    for name in ("a.eps", "a.png", "a.jpg", "a.mp4"):
        (tmp_path / name).write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 48\n%%EndComments\nshowpage\n")
        with pytest.raises(SourceError, match="a PostScript drawing, which is a program and is not run"):
            open_source(tmp_path / name)
    assert not (tmp_path / "was-run").exists()
    assert "EPS" not in PICTURE_FORMATS
