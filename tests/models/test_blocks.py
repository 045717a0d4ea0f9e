from __future__ import annotations

import numpy as np
import pytest
import torch

from facestream.models.blocks import BlazeBlock, SameConv2d, same_padding


@pytest.mark.parametrize(
    ("kernel_size", "stride", "padding"), [(3, 1, (1, 1)), (3, 2, (0, 1)), (5, 2, (1, 2)), (1, 1, (0, 0))]
)
def test_same_padding_puts_the_odd_pixel_last(kernel_size: int, stride: int, padding: tuple[int, int]) -> None:
    assert same_padding(kernel_size, stride) == padding


def test_a_stride_2_convolution_starts_at_the_first_pixel() -> None:
    convolution = SameConv2d(1, 1, 3, stride=2)
    with torch.no_grad():
        convolution.weight.fill_(1.0)
        assert convolution.bias is not None
        convolution.bias.fill_(0.0)
        image = torch.arange(16, dtype=torch.float32).reshape(1, 1, 4, 4)
        # Windows from rows and columns 0 and 2; the row and column after the last hold zeros.
        expected = [
            [0 + 1 + 2 + 4 + 5 + 6 + 8 + 9 + 10, 2 + 3 + 6 + 7 + 10 + 11],
            [8 + 9 + 10 + 12 + 13 + 14, 10 + 11 + 14 + 15],
        ]
        assert convolution(image)[0, 0].tolist() == expected


def test_a_block_pools_and_pads_its_residual() -> None:
    block = BlazeBlock(1, 2, stride=2)
    with torch.no_grad():
        for parameter in block.parameters():
            parameter.zero_()
        image = torch.arange(16, dtype=torch.float32).reshape(1, 1, 4, 4)
        output = block(image)
    assert output.shape == (1, 2, 2, 2)
    assert output[0, 0].tolist() == [[5, 7], [13, 15]], "the largest of each 2 x 2 window"
    assert not output[0, 1].any(), "the added channel is zero"


def test_a_block_leaves_its_input_alone() -> None:
    image = torch.randn(1, 4, 8, 8)
    before = image.clone()
    with torch.no_grad():
        BlazeBlock(4, 4)(image)
    np.testing.assert_array_equal(image.numpy(), before.numpy())
