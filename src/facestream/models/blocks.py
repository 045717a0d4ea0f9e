"""Building blocks that BlazeFace and FaceMesh share."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

__all__ = ["BlazeBlock", "SameConv2d"]


def same_padding(kernel_size: int, stride: int) -> tuple[int, int]:
    """Return the pixels that TFLite's SAME padding adds before and after an axis whose length is a multiple of
    ``stride``."""
    total = max(kernel_size - stride, 0)
    return total // 2, total - total // 2


class SameConv2d(nn.Conv2d):
    """A convolution padded as TFLite's SAME does it.

    TFLite puts the odd pixel of a stride-2 convolution on the right and bottom; PyTorch would pad all four sides,
    which shifts every landmark by almost a pixel.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, groups: int = 1) -> None:
        before, after = same_padding(kernel_size, stride)
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding=before if before == after else 0, groups=groups
        )
        self.uneven_padding = None if before == after else (before, after, before, after)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.uneven_padding is not None:
            x = F.pad(x, self.uneven_padding)
        return super().forward(x)


class BlazeBlock(nn.Module):
    """The single BlazeBlock of BlazeFace (arXiv 1907.05047, figure 1): depthwise 3x3, pointwise 1x1, residual.

    With ``stride`` 2 the residual is max-pooled; where channels are added, it is padded with zeros.
    ``prelu`` chooses FaceMesh's learned activation instead of BlazeFace's ReLU.
    """

    def __init__(self, in_channels: int, out_channels: int, *, stride: int = 1, prelu: bool = False) -> None:
        super().__init__()
        self.stride = stride
        self.added_channels = out_channels - in_channels
        self.depthwise = SameConv2d(in_channels, in_channels, 3, stride, groups=in_channels)
        self.pointwise = nn.Conv2d(in_channels, out_channels, 1)
        self.activation = nn.PReLU(out_channels) if prelu else nn.ReLU(inplace=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        residual = x if self.stride == 1 else F.max_pool2d(x, self.stride, self.stride)
        if self.added_channels:
            residual = F.pad(residual, (0, 0, 0, 0, 0, self.added_channels))
        y: torch.Tensor = self.activation(self.pointwise(self.depthwise(x)).add_(residual))
        return y
