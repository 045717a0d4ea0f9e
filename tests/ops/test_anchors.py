from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facestream.ops.anchors import BLAZEFACE_BACK, BLAZEFACE_FRONT, AnchorOptions, decode_detections, ssd_anchors
from facestream.structures import Detections


@pytest.mark.parametrize("options", [BLAZEFACE_BACK, BLAZEFACE_FRONT])
def test_anchors_by_hand(options: AnchorOptions) -> None:
    anchors = ssd_anchors(options)
    assert anchors.shape == (896, 4)
    # 16 x 16 cells with two anchors each, row by row, then 8 x 8 with six.
    assert anchors[:3, :2].tolist() == [[1 / 32, 1 / 32], [1 / 32, 1 / 32], [3 / 32, 1 / 32]]
    assert anchors[511, :2].tolist() == [31 / 32, 31 / 32]
    assert (anchors[512:518, :2] == 1 / 16).all()
    assert anchors[-1, :2].tolist() == [15 / 16, 15 / 16]
    assert (anchors[:, 2:] == 1).all()


PALM = AnchorOptions(
    input_size=256, strides=(8, 16, 32, 32, 32), min_scale=0.1171875, max_scale=0.75, fixed_anchor_size=True
)
MOBILE_SSD = AnchorOptions(
    input_size=300,
    strides=(16, 32, 64, 128, 256, 512),
    min_scale=0.2,
    max_scale=0.95,
    aspect_ratios=(1.0, 2.0, 0.5, 3.0, 0.3333),
    reduce_boxes_in_lowest_layer=True,
)


def test_sizes_by_hand() -> None:
    options = AnchorOptions(input_size=64, strides=(32, 64), min_scale=0.2, max_scale=0.8, aspect_ratios=(1.0, 4.0))
    anchors = ssd_anchors(options)
    assert anchors.shape == (2 * 2 * 3 + 3, 4)
    np.testing.assert_allclose(anchors[:3, 2:], [[0.2, 0.2], [0.4, 0.1], [0.4, 0.4]])
    np.testing.assert_allclose(anchors[-1], [0.5, 0.5, np.sqrt(0.8), np.sqrt(0.8)])


@pytest.mark.parametrize(("number", "options"), [(0, PALM), (1, MOBILE_SSD)])
def test_anchors_are_mediapipes(truth: Path, number: int, options: AnchorOptions) -> None:
    """The goldens of MediaPipe's own test of its anchors; the last 896 of the first are BlazeFace's."""
    golden = np.array(json.loads((truth / "golden_mediapipe" / f"anchor_golden_file_{number}.json").read_text()))
    np.testing.assert_allclose(ssd_anchors(options), golden, atol=1e-5)
    if number == 0:
        np.testing.assert_allclose(ssd_anchors(BLAZEFACE_BACK), golden[-896:], atol=1e-6)


def decode_one(raw_box: list[float], logit: float, anchor: int, min_score: float = 0.5) -> Detections:
    raw_boxes = np.zeros((1, 896, 16), np.float32)
    raw_scores = np.full((1, 896), -20.0, np.float32)
    raw_boxes[0, anchor] = raw_box
    raw_scores[0, anchor] = logit
    return decode_detections(raw_boxes, raw_scores, BLAZEFACE_FRONT, min_score)[0]


def test_decoding_by_hand() -> None:
    keypoints = [v for k in range(6) for v in (k, -k)]
    found = decode_one([3.0, -2.0, 20.0, 10.0, *keypoints], 0.0, anchor=2)
    # Anchor 2 lies at (3/32, 1/32) of 128 px: (12, 4). Centre (15, 2), size 20 x 10, score sigmoid(0).
    np.testing.assert_allclose(found.boxes, [[5, -3, 25, 7]])
    np.testing.assert_allclose(found.keypoints[0], [[12 + k, 4 - k] for k in range(6)])
    np.testing.assert_allclose(found.scores, [0.5])


@pytest.mark.parametrize(("width", "height"), [(0.0, 10.0), (10.0, -1.0), (float("nan"), 10.0), (float("inf"), 10.0)])
def test_boxes_without_a_size_are_left_out(width: float, height: float) -> None:
    assert len(decode_one([0.0, 0.0, width, height, *[0.0] * 12], 9.0, anchor=5)) == 0


@given(st.floats(min_value=-1e30, max_value=1e30), st.floats(min_value=0.0, max_value=1.0))
def test_the_threshold_is_inclusive_and_logits_do_not_overflow(logit: float, min_score: float) -> None:
    found = decode_one([0.0, 0.0, 4.0, 4.0, *[0.0] * 12], logit, anchor=7, min_score=min_score)
    score = 1 / (1 + np.exp(-np.clip(np.float64(np.float32(logit)), -100, 100)))
    assert (len(found) > 0) == (score >= min_score) or min_score <= 1e-8
