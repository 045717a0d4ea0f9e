"""Planes as the decoder gives them, against FFmpeg's own conversion and by hand."""

from __future__ import annotations

from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
from av.video.reformatter import ColorRange, Colorspace

from facestream.images import YuvImage
from facestream.media.upright import Turn
from facestream.media.video.yuv import rgb_from_yuv, yuv_image
from facestream.ops.letterbox import fit_letterbox, letterbox_image
from facestream.ops.warp import crop_image
from facestream.structures import FaceRois

Image = npt.NDArray[np.uint8]

FORMATS = [f"yuv{step}p{depth}" for step in ("420", "422", "444") for depth in ("", "10le")]


def smooth(width: int = 160, height: int = 120) -> Image:
    """Colours that change slowly, so that coarse chroma loses next to nothing."""
    y, x = np.mgrid[:height, :width].astype(float)
    waves = [np.sin(x / 23 + y / 31), np.sin(x / 29 - y / 19 + 1), np.cos(x / 37 + y / 41)]
    return np.stack([(wave * 90 + 128) for wave in waves], axis=-1).astype(np.uint8)


def frame_of(image: Image, form: str, space: int = Colorspace.ITU601, range_: int = ColorRange.MPEG) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(
        format=form, dst_colorspace=space, dst_color_range=range_
    )
    frame.colorspace, frame.color_range = (1 if space == Colorspace.ITU709 else 5), range_
    return frame


def planes_of(frame: av.VideoFrame) -> YuvImage:
    planes = yuv_image(frame)
    assert planes is not None
    return planes


@pytest.mark.parametrize("space", [Colorspace.ITU601, Colorspace.ITU709])
@pytest.mark.parametrize("range_", [ColorRange.MPEG, ColorRange.JPEG])
@pytest.mark.parametrize("form", FORMATS)
def test_every_form_gives_the_picture_back(form: str, range_: int, space: int) -> None:
    image = smooth()
    difference = planes_of(frame_of(image, form, space, range_)).to_rgb().astype(int) - image
    assert np.abs(difference.mean(axis=(0, 1))).max() < 1.0
    assert np.quantile(np.abs(difference), 0.99) <= 4


@pytest.mark.parametrize("step", ["420", "422", "444"])
def test_the_old_names_of_full_range(step: str) -> None:
    frame = frame_of(smooth(), f"yuvj{step}p", range_=ColorRange.JPEG)
    frame.color_range = 0
    difference = planes_of(frame).to_rgb().astype(int) - smooth()
    assert np.abs(difference.mean(axis=(0, 1))).max() < 1.5


def test_levels_by_hand() -> None:
    limited = rgb_from_yuv((0.299, 0.114), 8, is_full=False)
    full = rgb_from_yuv((0.299, 0.114), 8, is_full=True)
    ten = rgb_from_yuv((0.2126, 0.0722), 10, is_full=False)
    np.testing.assert_allclose(limited @ [16, 128, 128, 1], [0, 0, 0], atol=1e-3)
    np.testing.assert_allclose(limited @ [235, 128, 128, 1], [255, 255, 255], atol=1e-3)
    np.testing.assert_allclose(full @ [77, 128, 128, 1], [77, 77, 77], atol=1e-3)
    np.testing.assert_allclose(ten @ [64, 512, 512, 1], [0, 0, 0], atol=1e-3)
    np.testing.assert_allclose(ten @ [940, 512, 512, 1], [255, 255, 255], atol=1e-3)
    # Pure red of BT.601 in limited range: Y = 16 + 219 * 0.299, U = 128 - 112 * 0.299 / 0.886, V = 240.
    np.testing.assert_allclose(limited @ [81.481, 90.203, 240, 1], [255, 0, 0], atol=0.01)


def test_unknown_forms_are_left_to_ffmpeg() -> None:
    for form in ("rgb24", "gray", "nv12", "yuv410p", "yuva420p", "yuv420p12le"):
        assert yuv_image(av.VideoFrame.from_ndarray(smooth(), format="rgb24").reformat(format=form)) is None
    frame = frame_of(smooth(), "yuv420p")
    frame.colorspace = 9
    assert yuv_image(frame) is None


def test_planes_are_not_copied_and_keep_their_frame_alive() -> None:
    planes = planes_of(frame_of(smooth(), "yuv420p"))
    assert not planes.luma.flags.owndata
    assert planes.nbytes == 160 * 120 * 3 // 2
    before = planes.luma.copy()
    for _ in range(20):
        frame_of(np.zeros((120, 160, 3), np.uint8), "yuv420p")
    np.testing.assert_array_equal(planes.luma, before)


@pytest.mark.parametrize("size", [(161, 121), (33, 17), (2, 3), (1, 1)])
def test_odd_sizes(size: tuple[int, int]) -> None:
    image = smooth(*size)
    planes = planes_of(frame_of(image, "yuv420p"))
    assert planes.shape == image.shape
    assert np.abs(planes.to_rgb().astype(int) - image).mean() < 6


@pytest.mark.parametrize("form", ["yuv420p", "yuv422p", "yuv444p10le"])
@pytest.mark.parametrize("turn", [Turn(quarters, mirrored) for quarters in range(4) for mirrored in (False, True)])
@pytest.mark.parametrize("size", [(160, 120), (161, 121)])
def test_turned_planes_are_the_turned_picture(form: str, turn: Turn, size: tuple[int, int]) -> None:
    planes = planes_of(frame_of(smooth(*size), form))
    turned = turn.apply_to_planes(planes).to_rgb().astype(int)
    wanted = turn.apply(planes.to_rgb())
    assert turned.shape == wanted.shape
    # Away from the border, which is repeated on another side of the last odd pixel.
    assert np.abs(turned - wanted)[2:-2, 2:-2].max() <= 2


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(("side", "angle"), [(60.0, 0.0), (90.0, 0.7), (400.0, -0.3)])
def test_crops_and_thumbnails_of_planes_are_those_of_the_picture(form: str, side: float, angle: float) -> None:
    planes = planes_of(frame_of(smooth(640, 480), form))
    rgb = planes.to_rgb()
    roi = FaceRois(np.array([[320.0, 240.0]]), np.array([side]), np.array([angle]))
    letterbox = fit_letterbox((640, 480), 128)
    of_planes, of_rgb = ((crop_image(i, roi, 192), letterbox_image(i, letterbox)) for i in (planes, rgb))
    for small, wanted in zip(of_planes, of_rgb, strict=True):
        # A level of blue is twice one of U, which is rounded three times on either way, and RGB once more. At the
        # border of a crop its colour is repeated.
        difference = (small.astype(int) - wanted)[2:-2, 2:-2]
        assert np.abs(difference).max() <= 5
        assert np.abs(difference).mean() < 1
        assert np.abs(difference.mean(axis=(0, 1))).max() < 0.5, "roundings do not add up to a level"


@pytest.mark.parametrize("chroma", [np.zeros((60, 79), np.uint8), np.zeros((60, 80), np.uint16)])
def test_planes_that_do_not_fit(chroma: npt.NDArray[Any]) -> None:
    with pytest.raises(ValueError, match=r"chroma must be uint8 \(60, 80\)"):
        YuvImage(np.zeros((120, 160), np.uint8), (chroma, chroma), rgb_from_yuv((0.3, 0.1), 8, is_full=True))
