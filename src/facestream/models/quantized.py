"""Networks whose convolutions take 8-bit integers.

Inputs and weights are rounded to levels (fake quantisation, Jacob et al., arXiv 1712.05877). An engine that recognises
this computes with integers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import nn

from facestream.models.registry import get_record

__all__ = ["QuantizedConv2d", "load_ranges", "quantize", "watch_inputs"]

TOP_LEVEL = 255
"""The levels of inputs, from 0."""
TOP_WEIGHT = 127
"""The levels of weights, from -127."""

Ranges = Mapping[str, tuple[float, float]]
"""By name of a convolution: the lowest and the highest value of its input that has a level."""


class QuantizedConv2d(nn.Module):
    """A convolution with rounded inputs and weights. Each output channel has its own weight levels."""

    weight_steps: torch.Tensor
    weight_zeros: torch.Tensor

    def __init__(self, layer: nn.Conv2d, low: float, high: float) -> None:
        super().__init__()
        low, high = min(low, 0.0), max(high, 0.0)
        self.layer = layer
        self.step = (high - low) / TOP_LEVEL or 1.0
        # Zero must be a level, or padding would not be zero.
        self.zero_level = round(-low / self.step)
        peaks = layer.weight.detach().abs().amax(dim=(1, 2, 3))
        self.register_buffer("weight_steps", (peaks / TOP_WEIGHT).clamp(min=torch.finfo(torch.float32).tiny))
        self.register_buffer("weight_zeros", torch.zeros(len(peaks), dtype=torch.int32))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        levels = torch.fake_quantize_per_tensor_affine(x, self.step, self.zero_level, 0, TOP_LEVEL)
        padding = getattr(self.layer, "uneven_padding", None)
        if padding is not None:
            levels = F.pad(levels, padding)
        weights = torch.fake_quantize_per_channel_affine(
            self.layer.weight, self.weight_steps, self.weight_zeros, 0, -TOP_WEIGHT, TOP_WEIGHT
        )
        return F.conv2d(
            levels, weights, self.layer.bias, self.layer.stride, self.layer.padding, groups=self.layer.groups
        )


def quantize(network: nn.Module, ranges: Ranges) -> None:
    """Replace each convolution that has a range by a quantised one."""
    for name, (low, high) in ranges.items():
        parent, _, child = name.rpartition(".")
        layer = network.get_submodule(name)
        assert isinstance(layer, nn.Conv2d)
        setattr(network.get_submodule(parent), child, QuantizedConv2d(layer, low, high))


def load_ranges(name: str) -> dict[str, tuple[float, float]]:
    """Return the ranges that ``tools/make_int8_ranges.py`` found for the packaged weights of a network."""
    path = get_record(name).int8_path
    assert path is not None, f"{name} is not offered in 8 bits"
    return {layer: (low, high) for layer, (low, high) in json.loads(path.read_text()).items()}


@contextmanager
def watch_inputs(network: nn.Module) -> Iterator[dict[str, tuple[float, float]]]:
    """Record the lowest and highest value of each convolution's input while the network runs, including 0."""
    ranges: dict[str, tuple[float, float]] = {}
    hooks = []
    for name, layer in network.named_modules():
        if isinstance(layer, nn.Conv2d):

            def note(_: nn.Module, inputs: tuple[torch.Tensor], name: str = name) -> None:
                low, high = ranges.get(name, (0.0, 0.0))
                ranges[name] = min(low, float(inputs[0].min())), max(high, float(inputs[0].max()))

            hooks.append(layer.register_forward_pre_hook(note))
    try:
        yield ranges
    finally:
        for hook in hooks:
            hook.remove()
