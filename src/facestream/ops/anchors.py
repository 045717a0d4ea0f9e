"""The SSD priors of BlazeFace and the boxes that are decoded against them."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from facestream.structures import Detections

__all__ = ["decode_detections", "ssd_anchors"]

FEATURE_MAPS = ((16, 2), (8, 6))
"""Cells along a side and anchors at each cell (MediaPipe's ``face_detection_short_range.pbtxt``)."""


@cache
def ssd_anchors() -> npt.NDArray[np.float64]:
    """Anchor centres (896, 2) as x, y fractions of the detector's input, in the order of the network's outputs.

    The anchors of BlazeFace have one fixed size, so that a centre is all there is to them; both variants share them.
    """
    maps = []
    for num_cells, num_anchors in FEATURE_MAPS:
        middles = (np.arange(num_cells) + 0.5) / num_cells
        y, x = np.meshgrid(middles, middles, indexing="ij")
        centers = np.stack([x, y], axis=-1).reshape(-1, 2)
        maps.append(np.repeat(centers, num_anchors, axis=0))
    anchors = np.concatenate(maps)
    anchors.setflags(write=False)
    return anchors


def decode_detections(
    raw_boxes: npt.NDArray[Any], raw_scores: npt.NDArray[Any], input_size: int, min_score: float
) -> list[Detections]:
    """Turn the raw outputs of a batch into the detections of each image that score at least ``min_score``.

    Args:
        raw_boxes: (B, 896, 16) x, y, w, h and six x, y in input pixels relative to the anchor.
        raw_scores: (B, 896) logits.
        input_size: side of the detector's input in pixels.
        min_score: in [0, 1].

    Returns:
        One entry an image, in pixels of the detector's input. Boxes without a size or with NaN are left out, as in
        MediaPipe's ``tensors_to_detections_calculator.cc``, where the formulas stand.
    """
    anchors_px = ssd_anchors() * input_size
    scores = 1.0 / (1.0 + np.exp(-np.clip(raw_scores.astype(np.float64), -100.0, 100.0)))
    detections = []
    for boxes_of_image, scores_of_image in zip(raw_boxes, scores, strict=True):
        chosen = np.flatnonzero(scores_of_image >= min_score)
        points = boxes_of_image[chosen].astype(np.float64).reshape(-1, 8, 2)
        anchors = anchors_px[chosen]
        centers, sizes, keypoints = points[:, 0] + anchors, points[:, 1], points[:, 2:] + anchors[:, None]
        boxes = np.concatenate([centers - sizes / 2, centers + sizes / 2], axis=1)
        valid = np.isfinite(points).all(axis=(1, 2)) & (sizes > 0).all(axis=1)
        detections.append(Detections(boxes[valid], keypoints[valid], scores_of_image[chosen][valid]))
    return detections
