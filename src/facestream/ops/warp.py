"""Cut the pixels of a roi out of a frame, and bring points between crop and frame."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from facestream.ops.roi import to_display, to_stored
from facestream.structures import FaceRois

__all__ = ["crop_image", "crop_to_frame", "frame_to_crop"]


def crop_to_frame(
    points: npt.NDArray[Any], rois: FaceRois, crop_size: int, pixel_aspect: float = 1.0
) -> npt.NDArray[np.float64]:
    """Points (N, P, 2 or 3) in crop pixels to frame pixels, one roi an entry.

    A third coordinate is depth in the unit of x (MediaPipe's LandmarkProjection).
    """
    axes = _axes(rois)
    scales = (rois.sides / crop_size)[:, None, None]
    offsets = (points[..., :2].astype(np.float64) - crop_size / 2) * scales
    xy = to_stored(rois.centers[:, None] + offsets @ axes, pixel_aspect)
    z = points[..., 2:].astype(np.float64) * (scales / pixel_aspect)
    return np.concatenate([xy, z], axis=-1)


def frame_to_crop(
    points: npt.NDArray[Any], rois: FaceRois, crop_size: int, pixel_aspect: float = 1.0
) -> npt.NDArray[np.float64]:
    """Points (N, P, 2 or 3) in frame pixels to crop pixels; undoes ``crop_to_frame``."""
    axes = _axes(rois)
    scales = (rois.sides / crop_size)[:, None, None]
    offsets = to_display(points[..., :2].astype(np.float64), pixel_aspect) - rois.centers[:, None]
    xy = offsets @ axes.transpose(0, 2, 1) / scales + crop_size / 2
    z = points[..., 2:].astype(np.float64) / (scales / pixel_aspect)
    return np.concatenate([xy, z], axis=-1)


def crop_image(
    image: npt.NDArray[np.uint8], roi: FaceRois, crop_size: int, pixel_aspect: float = 1.0
) -> npt.NDArray[np.uint8]:
    """The pixels (crop_size, crop_size, 3) of one roi, bilinear; what lies outside the frame repeats its border.

    Where the crop shrinks the frame more than twofold, the frame is first averaged down by a whole factor, so that no
    pixel is passed over.
    """
    corners = crop_to_frame(np.array([[[0, 0], [crop_size, 0], [0, crop_size]]]), roi, crop_size, pixel_aspect)[0]
    matrix = np.column_stack([(corners[1] - corners[0]) / crop_size, (corners[2] - corners[0]) / crop_size, corners[0]])
    region, left_top = _region(image, matrix, crop_size)
    matrix[:, 2] -= left_top
    factors = np.maximum(np.floor(np.hypot(matrix[:, 0], matrix[:, 1])), 1.0)
    if factors.max() > 1.0:
        height, width = region.shape[:2]
        shrunk_size = (max(1, round(width / factors[0])), max(1, round(height / factors[1])))
        region = cv2.resize(region, shrunk_size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        matrix *= (np.array(shrunk_size) / (width, height))[:, None]
    # OpenCV counts pixel centres from 0; ours lie at +0.5, in the crop and in the frame.
    matrix[:, 2] += matrix[:, 0] * 0.5 + matrix[:, 1] * 0.5 - 0.5
    crop = cv2.warpAffine(
        region,
        matrix,
        (crop_size, crop_size),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return crop.astype(np.uint8, copy=False)


def _axes(rois: FaceRois) -> npt.NDArray[np.float64]:
    """(N, 2, 2): the roi's x and y axes as rows, unit vectors in display pixels."""
    cos, sin = np.cos(rois.angles_rad), np.sin(rois.angles_rad)
    return np.stack([np.stack([cos, sin], axis=-1), np.stack([-sin, cos], axis=-1)], axis=1)


def _region(
    image: npt.NDArray[np.uint8], matrix: npt.NDArray[np.float64], crop_size: int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float64]]:
    """The part of the frame that a crop can touch (a view), and its left top corner.

    It keeps warping and averaging to the face's surroundings, however large the frame is.
    """
    corners = matrix @ np.array([[0, crop_size, 0, crop_size], [0, 0, crop_size, crop_size], [1, 1, 1, 1]])
    size = np.array([image.shape[1], image.shape[0]])
    margin = 2 + np.ceil(np.hypot(matrix[:, 0], matrix[:, 1]))
    first = np.clip(np.floor(corners.min(axis=1)) - margin, 0, size - 1).astype(int)
    last = np.clip(np.ceil(corners.max(axis=1)) + margin, first + 1, size).astype(int)
    return image[first[1] : last[1], first[0] : last[0]], first.astype(np.float64)
