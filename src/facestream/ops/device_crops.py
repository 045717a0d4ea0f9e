"""Cut crops on a GPU. Only the pixels around a face are copied there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from facestream.images import Image, YuvImage
from facestream.ops.warp import PlaneCut, plan_chroma_cuts, plan_cut

__all__ = ["DeviceCutter"]

OPENCV_UNIT = 1024
"""OpenCV mixes 8-bit planes in integers, with ten fractional bits of the weights."""


class DeviceCutter:
    """Cuts the same crops as ``cut_crop``, including the rounding of OpenCV."""

    def __init__(self, device: str) -> None:
        self._device = torch.device(device)
        self._mixes: dict[tuple[int, bytes], torch.Tensor] = {}
        """The conversion from YUV to RGB, kept on the device."""

    def __call__(self, image: Image, matrix: npt.NDArray[np.float64], crop_size: int) -> torch.Tensor:
        """Return the RGB pixels of one ROI, uint8 (crop_size, crop_size, 3) on the device, without waiting."""
        with torch.inference_mode():
            if isinstance(image, YuvImage):
                luma = self._warp([plan_cut(image.luma, matrix, crop_size)])
                chroma = self._warp(plan_chroma_cuts(image, matrix, crop_size))
                if chroma.shape[-1] != crop_size:
                    chroma = _doubled_bytes(chroma) if image.luma.dtype == np.uint8 else _doubled(chroma)
                rgb = self._mix(torch.cat([luma, chroma], dim=1)[0], image)
            else:
                rgb = self._warp([plan_cut(image, matrix, crop_size)])[0].permute(1, 2, 0)
            return rgb.clamp(0, 255).to(torch.uint8)

    def _warp(self, cuts: Sequence[PlaneCut]) -> torch.Tensor:
        """Return crops (1, C, size, size) of planes with the same geometry."""
        first = cuts[0]
        if first.averaged_size and not _is_averaged_in_blocks(first):
            # At the border of the frame, blocks may be incomplete.
            pixels = [cv2.resize(cut.region, first.averaged_size, interpolation=cv2.INTER_AREA) for cut in cuts]
            region = self._upload(pixels)
        else:
            region = self._upload([cut.region for cut in cuts])
            if first.averaged_size:
                region = _averaged(region, first.averaged_size)
        height, width = region.shape[-2:]
        grid = F.affine_grid(self._theta(first, width, height), [1, 1, first.size, first.size], align_corners=False)
        return F.grid_sample(region, grid, mode="bilinear", padding_mode="border", align_corners=False).round()

    def _upload(self, regions: Sequence[npt.NDArray[Any]]) -> torch.Tensor:
        """Return (1, C, h, w) in float32."""
        pixels = np.stack(regions)[None] if regions[0].ndim == 2 else regions[0].transpose(2, 0, 1)[None]
        # PyTorch has few operations for uint16; ten bits fit into int16.
        return self._send(pixels.view(np.int16) if pixels.dtype == np.uint16 else pixels).to(torch.float32)

    def _theta(self, cut: PlaneCut, width: int, height: int) -> torch.Tensor:
        """Return the matrix (1, 2, 3) from crop to region, both from -1 to 1 at their corners, PyTorch's convention."""
        xx, xy, x, yx, yy, y = cut.matrix
        half = cut.size / 2
        rows = (
            (xx * half * 2 / width, xy * half * 2 / width, ((xx + xy) * half + x) * 2 / width - 1),
            (yx * half * 2 / height, yy * half * 2 / height, ((yx + yy) * half + y) * 2 / height - 1),
        )
        return self._send(np.array([rows], dtype=np.float32))

    def _mix(self, yuv: torch.Tensor, image: YuvImage) -> torch.Tensor:
        """Convert Y, U and V (3, h, w) to RGB (h, w, 3)."""
        unit = OPENCV_UNIT if image.luma.dtype == np.uint8 else 1
        key = unit, image.rgb_from_yuv.tobytes()
        if key not in self._mixes:
            weights = np.rint(image.rgb_from_yuv * unit) if unit > 1 else image.rgb_from_yuv
            self._mixes[key] = torch.from_numpy(weights.astype(np.float32)).to(self._device)
        mix = self._mixes[key]
        mixed = torch.einsum("kc,chw->hwk", mix[:, :3], yuv) + mix[:, 3]
        return torch.floor((mixed + unit / 2) / unit)

    def _send(self, array: npt.NDArray[Any]) -> torch.Tensor:
        """Copy to the device through pinned memory, without waiting."""
        tensor = torch.from_numpy(np.ascontiguousarray(array))
        if self._device.type != "cuda":
            return tensor.to(self._device)
        return tensor.pin_memory().to(self._device, non_blocking=True)


def _is_averaged_in_blocks(cut: PlaneCut) -> bool:
    width, height = cut.averaged_size or (1, 1)
    rows, columns = cut.region.shape[:2]
    return not (rows % height or columns % width)


def _averaged(planes: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Average blocks of (1, C, h, w). OpenCV rounds halves up for 2 x 2 blocks, and otherwise to even."""
    width, height = size
    block = planes.shape[-2] // height, planes.shape[-1] // width
    means = F.avg_pool2d(planes, block)
    return (means + 0.5).floor() if block == (2, 2) else means.round()


def _doubled(planes: torch.Tensor) -> torch.Tensor:
    """Scale (1, C, h, w) to (1, C, 2 h, 2 w), bilinearly."""
    return F.interpolate(planes, scale_factor=2, mode="bilinear", align_corners=False).round()


def _doubled_bytes(planes: torch.Tensor) -> torch.Tensor:
    """Do the same as OpenCV does for bytes: weights of 512/2048 and 1536/2048, with its truncation."""
    padded = F.pad(planes, (1, 1, 1, 1), mode="replicate").to(torch.int32)
    left, here, right = padded[..., :-2] * 512, padded[..., 1:-1] * 1536, padded[..., 2:] * 512
    wide = torch.stack([left + here, here + right], dim=-1).flatten(-2) >> 4
    above, here, below = wide[..., :-2, :] * 512 >> 16, wide[..., 1:-1, :] * 1536 >> 16, wide[..., 2:, :] * 512 >> 16
    sums = torch.stack([above + here, here + below], dim=-2).flatten(-3, -2)
    return (sums + 2 >> 2).to(torch.float32)
