from __future__ import annotations

import pytest
import torch
from torch import nn

from facestream.models import load
from facestream.models.blocks import SameConv2d
from facestream.models.quantized import QuantizedConv2d, load_ranges, quantize, watch_inputs


def convolution(weights: list[float], bias: float = 0.0) -> nn.Conv2d:
    """From one channel to as many as there are weights, pixel by pixel."""
    layer = nn.Conv2d(1, len(weights), 1).requires_grad_(False)
    layer.weight[:] = torch.tensor(weights).reshape(-1, 1, 1, 1)
    assert layer.bias is not None
    layer.bias.fill_(bias)
    return layer


def row(*values: float) -> torch.Tensor:
    return torch.tensor(values).reshape(1, 1, 1, -1)


def test_inputs_are_rounded_to_255_steps_between_the_ends() -> None:
    # From -1 to 1.55 a step is 0.01.
    layer = QuantizedConv2d(convolution([1.0], bias=0.5), -1.0, 1.55)
    found = layer(row(0.0, 0.004, 0.006, 1.234, 1.55, 9.0, -1.0, -9.0)).flatten()
    expected = [0.5, 0.5, 0.51, 1.73, 2.05, 2.05, -0.5, -0.5]
    torch.testing.assert_close(found, torch.tensor(expected), atol=1e-5, rtol=0)


@pytest.mark.parametrize(("low", "high"), [(0.3, 2.55), (-2.55, -0.3), (-0.777, 1.333), (0.0, 0.0)])
def test_nothing_stays_nothing(low: float, high: float) -> None:
    layer = QuantizedConv2d(convolution([0.7, -3.0, 0.0]), low, high)
    assert not layer(torch.zeros(1, 1, 2, 2)).any(), "what padding adds is nothing"


def test_each_output_channel_has_weights_of_its_own_step() -> None:
    layer = QuantizedConv2d(nn.Conv2d(2, 2, 1, bias=False).requires_grad_(False), 0.0, 255.0)
    layer.layer.weight[:] = torch.tensor([[127.0, 63.4], [1.27, 0.634]]).reshape(2, 2, 1, 1)
    layer = QuantizedConv2d(layer.layer, 0.0, 255.0)
    found = layer(torch.tensor([0.0, 1.0]).reshape(1, 2, 1, 1)).flatten()
    torch.testing.assert_close(found, torch.tensor([63.0, 0.63]))


def test_uneven_padding_is_kept() -> None:
    layer = SameConv2d(1, 1, 3, stride=2).requires_grad_(False)
    layer.weight.fill_(1.0)
    assert layer.bias is not None
    layer.bias.fill_(0.0)
    image = torch.arange(16, dtype=torch.float32).reshape(1, 1, 4, 4)
    found = QuantizedConv2d(layer, 0.0, 255.0)(image)
    torch.testing.assert_close(found, layer(image), atol=1e-3, rtol=0)


def test_inputs_are_watched_while_the_network_runs() -> None:
    network = nn.Sequential(convolution([2.0]), nn.ReLU(), convolution([1.0]))
    with watch_inputs(network) as ranges:
        network(row(-1.0, 3.0))
        network(row(0.5, 4.0))
    network(row(100.0))
    assert ranges == {"0": (-1.0, 4.0), "2": (0.0, 8.0)}


def test_only_convolutions_with_a_range_are_rounded() -> None:
    network = load("facemesh")
    ranges = load_ranges("facemesh")
    before = {name for name, module in network.named_modules() if isinstance(module, nn.Conv2d)}
    quantize(network, ranges)
    rounded = {name for name, module in network.named_modules() if isinstance(module, QuantizedConv2d)}
    assert rounded == ranges.keys()
    assert rounded < before
    assert {name.split(".")[0] for name in before - rounded} == {"landmark_head", "presence_head"}
    assert all(low <= 0 < high for low, high in ranges.values())


def test_detectors_are_not_offered() -> None:
    with pytest.raises(AssertionError, match="blazeface-back is not offered in 8 bits"):
        load_ranges("blazeface-back")
