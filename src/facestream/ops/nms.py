"""Weighted non-maximum suppression, and the ranking of faces."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from facestream.structures import Detections

__all__ = ["box_iou", "prominence_order", "weighted_nms"]

Boxes = npt.NDArray[Any]


def box_iou(box: Boxes, boxes: Boxes) -> npt.NDArray[np.float64]:
    """Return the intersection over union (N,) of one box (4,) with each of ``boxes`` (N, 4)."""
    overlap = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])
    intersection = np.clip(overlap, 0.0, None).prod(axis=1)
    union = _areas(box[None]) + _areas(boxes) - intersection
    iou: npt.NDArray[np.float64] = np.divide(intersection, union, out=np.zeros(len(boxes)), where=union > 0)
    return iou


def weighted_nms(detections: Detections, min_iou: float = 0.3) -> Detections:
    """Blend overlapping detections into one each, best score first.

    The best detection gathers all that overlap it by more than ``min_iou``; their boxes and keypoints become a mean
    weighted by score, and the score stays the best one's (BlazeFace, section 3.3; MediaPipe's WEIGHTED algorithm).
    """
    remaining = np.argsort(-detections.scores, kind="stable")
    boxes, keypoints, scores = [], [], []
    while len(remaining):
        best = remaining[0]
        overlaps = box_iou(detections.boxes[best], detections.boxes[remaining]) > min_iou
        overlaps[0] = True
        group = remaining[overlaps]
        # Not "weights @ …", for which BLAS would start threads that take time from the networks.
        weights = detections.scores[group] / detections.scores[group].sum()
        boxes.append(np.einsum("k,kd->d", weights, detections.boxes[group]))
        keypoints.append(np.einsum("k,kpd->pd", weights, detections.keypoints[group]))
        scores.append(detections.scores[best])
        remaining = remaining[~overlaps]
    return Detections(
        np.reshape(boxes, (-1, 4)), np.reshape(keypoints, (-1, 6, 2)), np.asarray(scores, dtype=np.float64)
    )


def prominence_order(detections: Detections) -> npt.NDArray[np.intp]:
    """Return indices, the most prominent face first: largest box in pixels, then higher score, then further left."""
    return np.lexsort((detections.boxes[:, 0], -detections.scores, -_areas(detections.boxes)))


def _areas(boxes: Boxes) -> npt.NDArray[np.float64]:
    areas: npt.NDArray[np.float64] = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    return areas
