"""Cut the pixels of an ROI out of a frame, and map points between crop and frame."""

from __future__ import annotations

from math import ceil, floor, hypot
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from facestream.images import Image, YuvImage
from facestream.ops.roi import PixelAspect, to_display, to_stored
from facestream.structures import FaceRois

__all__ = [
    "PlaneCut",
    "crop_image",
    "crop_matrices",
    "crop_to_frame",
    "cut_crop",
    "frame_to_crop",
    "plan_chroma_cuts",
    "plan_cut",
]


def crop_to_frame(
    points: npt.NDArray[Any], rois: FaceRois, crop_size: int, pixel_aspect: PixelAspect = 1.0
) -> npt.NDArray[np.float64]:
    """Points (N, P, 2 or 3) in crop pixels to frame pixels, one roi an entry.

    A third coordinate is depth in the unit of x (MediaPipe's LandmarkProjection).
    """
    result = np.empty(points.shape)
    _transform(crop_matrices(rois, crop_size, pixel_aspect), points, result)
    scales = (rois.sides / crop_size)[:, None, None]
    result[..., 2:] = points[..., 2:] * _depth_scales(scales, pixel_aspect)
    return result


def frame_to_crop(
    points: npt.NDArray[Any], rois: FaceRois, crop_size: int, pixel_aspect: PixelAspect = 1.0
) -> npt.NDArray[np.float64]:
    """Points (N, P, 2 or 3) in frame pixels to crop pixels; undoes ``crop_to_frame``."""
    result = np.empty(points.shape)
    _transform(_frame_matrices(rois, crop_size, pixel_aspect), points, result)
    scales = (rois.sides / crop_size)[:, None, None]
    result[..., 2:] = points[..., 2:] / _depth_scales(scales, pixel_aspect)
    return result


def crop_matrices(rois: FaceRois, crop_size: int, pixel_aspect: PixelAspect = 1.0) -> npt.NDArray[np.float64]:
    """Return matrices (N, 2, 3) that map a point (x, y, 1) of each crop to the frame, both in pixels with centres at
    +0.5."""
    scales = to_stored((rois.sides / crop_size)[:, None, None] * _axes(rois), pixel_aspect)
    columns = scales.transpose(0, 2, 1)
    corners = to_stored(rois.centers, pixel_aspect) - columns.sum(axis=2) * (crop_size / 2)
    return np.concatenate([columns, corners[:, :, None]], axis=2)


def _frame_matrices(rois: FaceRois, crop_size: int, pixel_aspect: PixelAspect) -> npt.NDArray[np.float64]:
    """Return matrices (N, 2, 3) that map a point (x, y, 1) of the frame to each crop, the inverses of
    ``crop_matrices``."""
    turns = _axes(rois) / (rois.sides / crop_size)[:, None, None]
    corners = crop_size / 2 - (turns * rois.centers[:, None]).sum(axis=2)
    return np.concatenate([to_display(turns, pixel_aspect), corners[:, :, None]], axis=2)


def _transform(matrices: npt.NDArray[np.float64], points: npt.NDArray[Any], result: npt.NDArray[np.float64]) -> None:
    """Fill x and y of ``result`` (N, P, 2 or more): points times matrices (N, 2, 3).

    Coordinate by coordinate: NumPy's loops are over points then, which is ten times as fast as over x and y; and
    "points @ matrices" would wake BLAS's threads, which take time from the networks.
    """
    x, y = points[..., 0].astype(np.float64), points[..., 1].astype(np.float64)
    for axis in range(2):
        along, across, start = matrices[:, axis, :, None].transpose(1, 0, 2)
        result[..., axis] = along * x + across * y + start


def crop_image(image: Image, roi: FaceRois, crop_size: int, pixel_aspect: PixelAspect = 1.0) -> npt.NDArray[np.uint8]:
    """Return the RGB pixels (crop_size, crop_size, 3) of one ROI; see ``cut_crop``."""
    return cut_crop(image, crop_matrices(roi, crop_size, pixel_aspect)[0], crop_size)


def cut_crop(image: Image, matrix: npt.NDArray[np.float64], crop_size: int) -> npt.NDArray[np.uint8]:
    """The RGB pixels (crop_size, crop_size, 3) of one roi, bilinear; what lies outside the frame repeats its border.

    Where the crop shrinks the frame more than twofold, the frame is first averaged down by a power of two, so that no
    pixel is passed over. Of a picture in planes nothing but the crop becomes RGB.
    """
    if not isinstance(image, YuvImage):
        return _warp(plan_cut(image, matrix, crop_size)).astype(np.uint8, copy=False)
    return image.mix(
        _warp(plan_cut(image.luma, matrix, crop_size)),
        *(_doubled(_warp(cut), crop_size) for cut in plan_chroma_cuts(image, matrix, crop_size)),
    )


class PlaneCut(NamedTuple):
    """The region of a plane that a crop is made from, and how."""

    region: npt.NDArray[Any]
    """(h, w) or (h, w, 3), the region around the face, however large the frame is."""
    averaged_size: tuple[int, int] | None
    """Width and height to which the region is first averaged down, if at all."""
    matrix: tuple[float, float, float, float, float, float]
    """A (2, 3) matrix that maps a point (x, y, 1) of the crop to that region, both in pixels with centres at +0.5."""
    size: int
    """The side of the crop."""


def plan_chroma_cuts(image: YuvImage, matrix: npt.NDArray[np.float64], crop_size: int) -> tuple[PlaneCut, PlaneCut]:
    """Cut U and V. With one sample per two pixels, they are cut at half the size and doubled."""
    (step_x, step_y), (shift_x, shift_y) = image.chroma_step, image.chroma_shift
    factor = max(step_x, step_y)
    in_chroma = matrix * [
        [factor / step_x, factor / step_x, 1 / step_x],
        [factor / step_y, factor / step_y, 1 / step_y],
    ]
    in_chroma[:, 2] += (shift_x, shift_y)
    u, v = (plan_cut(plane, in_chroma, crop_size // factor) for plane in image.chroma)
    return u, v


def plan_cut(plane: npt.NDArray[Any], matrix: npt.NDArray[np.float64], crop_size: int) -> PlaneCut:
    """Return how to cut (crop_size, crop_size) out of one or three planes; the matrix maps crop pixels to plane
    pixels."""
    (xx, xy, x), (yx, yy, y) = matrix.tolist()
    factor_x, factor_y = _power_of_two(hypot(xx, xy)), _power_of_two(hypot(yx, yy))
    left, right = _span(x, xx * crop_size, xy * crop_size, factor_x, plane.shape[1])
    top, bottom = _span(y, yx * crop_size, yy * crop_size, factor_y, plane.shape[0])
    x, y = x - left, y - top
    averaged_size = None
    if factor_x > 1 or factor_y > 1:
        averaged_size = max(1, round((right - left) / factor_x)), max(1, round((bottom - top) / factor_y))
        scale_x, scale_y = averaged_size[0] / (right - left), averaged_size[1] / (bottom - top)
        xx, xy, x = xx * scale_x, xy * scale_x, x * scale_x
        yx, yy, y = yx * scale_y, yy * scale_y, y * scale_y
    return PlaneCut(plane[top:bottom, left:right], averaged_size, (xx, xy, x, yx, yy, y), crop_size)


def _warp(cut: PlaneCut) -> npt.NDArray[Any]:
    xx, xy, x, yx, yy, y = cut.matrix
    region = cut.region
    if cut.averaged_size:
        region = cv2.resize(region, cut.averaged_size, interpolation=cv2.INTER_AREA)
    # OpenCV counts pixel centres from 0; ours are at +0.5 in both crop and frame.
    x, y = x + (xx + xy) / 2 - 0.5, y + (yx + yy) / 2 - 0.5
    return cv2.warpAffine(
        region,
        np.array(((xx, xy, x), (yx, yy, y))),
        (cut.size, cut.size),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )


def _doubled(plane: npt.NDArray[Any], crop_size: int) -> npt.NDArray[Any]:
    """At the size of the crop, if it is smaller."""
    if len(plane) == crop_size:
        return plane
    return cv2.resize(plane, (crop_size, crop_size), interpolation=cv2.INTER_LINEAR)


def _power_of_two(shrinkage: float) -> int:
    """Return the largest power of two up to a factor. OpenCV averages these fastest, and less than a factor of two is
    left."""
    return 1 << max(0, int(shrinkage).bit_length() - 1)


def _span(corner: float, along: float, across: float, factor: int, length: int) -> tuple[int, int]:
    """The first and the last pixel of an axis that a crop can touch.

    Where the plane has room, their distance is a multiple of the factor, which OpenCV averages several times faster.
    """
    low = floor(corner + min(along, 0.0) + min(across, 0.0)) - 1 - factor
    high = ceil(corner + max(along, 0.0) + max(across, 0.0)) + 1 + factor
    first = min(max(low, 0), length - 1)
    last = max(min(high, length), first + 1)
    return max(0, last - -(-(last - first) // factor) * factor), last


def _depth_scales(scales: npt.NDArray[np.float64], pixel_aspect: PixelAspect) -> npt.NDArray[np.float64]:
    """Return frame pixels along x per crop pixel (N, 1, 1)."""
    depth_scales: npt.NDArray[np.float64] = scales / np.reshape(pixel_aspect, (-1, 1, 1))
    return depth_scales


def _axes(rois: FaceRois) -> npt.NDArray[np.float64]:
    """Return the x and y axes of ROIs as rows (N, 2, 2), unit vectors in display pixels."""
    cos, sin = np.cos(rois.angles_rad), np.sin(rois.angles_rad)
    return np.stack([np.stack([cos, sin], axis=-1), np.stack([-sin, cos], axis=-1)], axis=1)
