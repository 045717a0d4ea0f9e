"""FaceMesh: 468 points from a face crop (Kartynnik et al., arXiv 1907.06724)."""

from __future__ import annotations

import torch
from torch import nn

from facestream.models.blocks import BlazeBlock, SameConv2d
from facestream.topology import NUM_LANDMARKS

__all__ = ["FaceMesh"]


class FaceMesh(nn.Module):
    """Regress 468 points and the presence of a face from a crop.

    Takes RGB (B, 3, 192, 192) in [0, 1]; gives landmarks (B, 468, 3) as x, y, z in crop pixels and presence
    logits (B,), whose sigmoid is the probability that the crop holds a face.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(SameConv2d(3, 16, 3, stride=2), nn.PReLU(16))
        self.backbone = nn.Sequential(
            *_stage(16, 16, num_blocks=2, stride=1),
            *_stage(16, 32, num_blocks=3),
            *_stage(32, 64, num_blocks=3),
            *_stage(64, 128, num_blocks=3),
            *_stage(128, 128, num_blocks=3),
        )
        self.landmark_head = nn.Sequential(
            *_stage(128, 128, num_blocks=3),
            nn.Conv2d(128, 32, 1),
            nn.PReLU(32),
            BlazeBlock(32, 32, prelu=True),
            nn.Conv2d(32, NUM_LANDMARKS * 3, 3),
        )
        self.presence_head = nn.Sequential(
            *_stage(128, 128, num_blocks=1),
            nn.Conv2d(128, 32, 1),
            nn.PReLU(32),
            BlazeBlock(32, 32, prelu=True),
            nn.Conv2d(32, 1, 3),
        )

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features = self.backbone(self.stem(images))
        landmarks = self.landmark_head(features).reshape(-1, NUM_LANDMARKS, 3)
        presence_logits = self.presence_head(features).reshape(-1)
        return landmarks, presence_logits


def _stage(in_channels: int, out_channels: int, *, num_blocks: int, stride: int = 2) -> list[BlazeBlock]:
    """Return the blocks of one resolution; the first one changes stride and channels."""
    first = BlazeBlock(in_channels, out_channels, stride=stride, prelu=True)
    return [first, *(BlazeBlock(out_channels, out_channels, prelu=True) for _ in range(num_blocks - 1))]
