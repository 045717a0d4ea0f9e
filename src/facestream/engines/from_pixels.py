"""Networks that take uint8 pixels, so that little data is copied and normalisation is part of the graph."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from facestream.models import get_record, load
from facestream.models.quantized import load_ranges, quantize

__all__ = ["FromPixels"]


class FromPixels(nn.Module):
    """A network of the registry that takes RGB images, uint8 (B, S, S, 3), or in planes (B, 3, S, S)."""

    def __init__(
        self,
        name: str,
        weights: str | None = None,
        *,
        planar: bool = False,
        dtype: torch.dtype = torch.float32,
        quantized: bool = False,
    ) -> None:
        """``dtype`` is the type of the computation, ``quantized`` rounds to 8 bits; outputs are always float32."""
        super().__init__()
        self.planar = planar
        self.dtype = dtype
        low, high = get_record(name).pixel_range
        self.network = load(name, weights=weights).to(dtype)
        if quantized:
            quantize(self.network, load_ranges(name))
        self.low = low
        self.scale = (high - low) / 255.0

    def forward(self, images: torch.Tensor) -> Any:
        # Permuted last, since channels-last images then need no copy in PyTorch and OpenVINO.
        pixels = images.to(torch.float32) * self.scale + self.low
        planes = pixels if self.planar else pixels.permute(0, 3, 1, 2)
        if self.dtype == torch.float32:
            return self.network(planes)
        return tuple(output.to(torch.float32) for output in self.network(planes.to(self.dtype)))
