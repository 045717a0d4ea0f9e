"""BlazeFace: faces as 896 anchored boxes with six keypoints each (Bazarevsky et al., arXiv 1907.05047)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import nn

from facestream.models.blocks import BlazeBlock, SameConv2d

__all__ = ["BlazeFace", "Variant"]

Variant = Literal["back", "front"]

COORDINATES_PER_ANCHOR = 16
ANCHORS_PER_CELL = (2, 6)
"""The number of anchors per cell of the 16 x 16 and the 8 x 8 map."""


class BlazeFace(nn.Module):
    """Regress face boxes and keypoints on two feature maps of 16 x 16 and 8 x 8 cells.

    Takes RGB (B, 3, S, S) in [-1, 1], S = 256 for ``back`` and 128 for ``front``; gives raw boxes (B, 896, 16) as
    x, y, w, h and six x, y pairs in input pixels relative to the anchor, and raw scores (B, 896) as logits.
    """

    def __init__(self, variant: Variant = "back") -> None:
        super().__init__()
        self.variant = variant
        self.stem = nn.Sequential(SameConv2d(3, 24, 5, stride=2), nn.ReLU())
        self.backbone_16, self.backbone_8 = _back_stages() if variant == "back" else _front_stages()
        channels_16 = 96 if variant == "back" else 88
        self.classifier_16 = nn.Conv2d(channels_16, ANCHORS_PER_CELL[0], 1)
        self.classifier_8 = nn.Conv2d(96, ANCHORS_PER_CELL[1], 1)
        self.regressor_16 = nn.Conv2d(channels_16, ANCHORS_PER_CELL[0] * COORDINATES_PER_ANCHOR, 1)
        self.regressor_8 = nn.Conv2d(96, ANCHORS_PER_CELL[1] * COORDINATES_PER_ANCHOR, 1)

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features_16 = self.backbone_16(self.stem(images))
        features_8 = self.backbone_8(features_16)
        raw_boxes = torch.cat(
            [
                _per_anchor(self.regressor_16(features_16), COORDINATES_PER_ANCHOR),
                _per_anchor(self.regressor_8(features_8), COORDINATES_PER_ANCHOR),
            ],
            dim=1,
        )
        raw_scores = torch.cat(
            [_per_anchor(self.classifier_16(features_16), 1), _per_anchor(self.classifier_8(features_8), 1)], dim=1
        )
        return raw_boxes, raw_scores.squeeze(-1)


def _per_anchor(maps: torch.Tensor, values_per_anchor: int) -> torch.Tensor:
    """Reshape (B, anchors x values, H, W) to (B, H x W x anchors, values), TFLite's order, cell by cell."""
    return maps.permute(0, 2, 3, 1).reshape(maps.shape[0], -1, values_per_anchor)


def _back_stages() -> tuple[nn.Sequential, nn.Sequential]:
    to_16 = nn.Sequential(
        *(BlazeBlock(24, 24) for _ in range(7)),
        BlazeBlock(24, 24, stride=2),
        *(BlazeBlock(24, 24) for _ in range(7)),
        BlazeBlock(24, 48, stride=2),
        *(BlazeBlock(48, 48) for _ in range(7)),
        BlazeBlock(48, 96, stride=2),
        *(BlazeBlock(96, 96) for _ in range(7)),
    )
    to_8 = nn.Sequential(SameConv2d(96, 96, 3, stride=2, groups=96), nn.Conv2d(96, 96, 1), nn.ReLU())
    return to_16, to_8


def _front_stages() -> tuple[nn.Sequential, nn.Sequential]:
    to_16 = nn.Sequential(
        BlazeBlock(24, 24),
        BlazeBlock(24, 28),
        BlazeBlock(28, 32, stride=2),
        BlazeBlock(32, 36),
        BlazeBlock(36, 42),
        BlazeBlock(42, 48, stride=2),
        BlazeBlock(48, 56),
        BlazeBlock(56, 64),
        BlazeBlock(64, 72),
        BlazeBlock(72, 80),
        BlazeBlock(80, 88),
    )
    to_8 = nn.Sequential(BlazeBlock(88, 96, stride=2), *(BlazeBlock(96, 96) for _ in range(4)))
    return to_16, to_8
