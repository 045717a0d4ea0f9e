"""The SSD anchors of BlazeFace, and decoding of boxes relative to them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt

from facestream.structures import Detections

__all__ = [
    "BLAZEFACE_BACK",
    "BLAZEFACE_FRONT",
    "AnchorOptions",
    "decode_detections",
    "scores_from_logits",
    "ssd_anchors",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorOptions:
    """The layout of SSD priors (Liu et al., arXiv 1512.02325), under MediaPipe's names.

    Feature maps that share a stride are one map with the anchors of all of them.
    """

    input_size: int
    strides: tuple[int, ...]
    min_scale: float
    max_scale: float
    aspect_ratios: tuple[float, ...] = (1.0,)
    interpolated_scale_aspect_ratio: float = 1.0
    """The aspect ratio of an additional anchor between two scales; 0 is none."""
    reduce_boxes_in_lowest_layer: bool = False
    fixed_anchor_size: bool = False
    """Whether every anchor is 1 x 1, and the network predicts sizes directly."""


BLAZEFACE_FRONT = AnchorOptions(
    input_size=128, strides=(8, 16, 16, 16), min_scale=0.1484375, max_scale=0.75, fixed_anchor_size=True
)
"""MediaPipe's ``face_detection_short_range.pbtxt``."""

BLAZEFACE_BACK = AnchorOptions(
    input_size=256, strides=(16, 32, 32, 32), min_scale=0.15625, max_scale=0.75, fixed_anchor_size=True
)
"""MediaPipe's ``face_detection_back_mobile_gpu.pbtxt``. With anchors of a fixed size it equals the front model."""


@cache
def ssd_anchors(options: AnchorOptions) -> npt.NDArray[np.float64]:
    """Anchors (N, 4) as centre x, y and width, height, fractions of the input, in the order of the network's outputs.

    Map by map, in each row by row, in each cell anchor by anchor (MediaPipe's ``ssd_anchors_calculator.cc``).
    """
    maps = []
    for stride, layers in groupby(enumerate(options.strides), key=lambda item: item[1]):
        sizes = np.array([size for layer, _ in layers for size in _anchor_sizes(layer, options)])
        num_cells = math.ceil(options.input_size / stride)
        middles = (np.arange(num_cells) + 0.5) / num_cells
        y, x, anchor = np.meshgrid(middles, middles, np.arange(len(sizes)), indexing="ij")
        maps.append(np.concatenate([x[..., None], y[..., None], sizes[anchor]], axis=-1).reshape(-1, 4))
    anchors = np.concatenate(maps)
    anchors.setflags(write=False)
    return anchors


def _anchor_sizes(layer: int, options: AnchorOptions) -> Iterator[tuple[float, float]]:
    """Return width and height of the anchors that one feature map adds to each cell."""
    scale = _scale(layer, options)
    if layer == 0 and options.reduce_boxes_in_lowest_layer:
        shapes = [(0.1, 1.0), (scale, 2.0), (scale, 0.5)]
    else:
        shapes = [(scale, ratio) for ratio in options.aspect_ratios]
        if options.interpolated_scale_aspect_ratio > 0:
            next_scale = 1.0 if layer == len(options.strides) - 1 else _scale(layer + 1, options)
            shapes.append((math.sqrt(scale * next_scale), options.interpolated_scale_aspect_ratio))
    for size, ratio in shapes:
        yield (1.0, 1.0) if options.fixed_anchor_size else (size * math.sqrt(ratio), size / math.sqrt(ratio))


def _scale(layer: int, options: AnchorOptions) -> float:
    """Scales grow evenly from the first to the last map."""
    if len(options.strides) == 1:
        return (options.min_scale + options.max_scale) / 2
    return options.min_scale + (options.max_scale - options.min_scale) * layer / (len(options.strides) - 1)


def decode_detections(
    raw_boxes: npt.NDArray[Any], raw_scores: npt.NDArray[Any], options: AnchorOptions, min_score: float
) -> list[Detections]:
    """Turn the raw outputs of a batch into the detections of each image that score at least ``min_score``.

    Args:
        raw_boxes: (B, 896, 16) x, y, w, h and six x, y in input pixels relative to the anchor.
        raw_scores: (B, 896) logits.
        options: the anchors of the network, whose size is fixed.
        min_score: in [0, 1].

    Returns:
        One entry an image, in pixels of the detector's input. Boxes without a size or with NaN are left out, as in
        MediaPipe's ``tensors_to_detections_calculator.cc``, where the formulas stand.
    """
    anchors_px = ssd_anchors(options)[:, :2] * options.input_size
    scores = scores_from_logits(raw_scores)
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


def scores_from_logits(raw_scores: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return scores in [0, 1], with the shape of the logits."""
    scores: npt.NDArray[np.float64] = 1.0 / (1.0 + np.exp(-np.clip(raw_scores.astype(np.float64), -100.0, 100.0)))
    return scores
