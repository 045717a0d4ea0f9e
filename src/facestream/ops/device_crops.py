"""Crops that are cut on a GPU: only the bytes of a face's surroundings travel there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from facestream.images import Image, YuvImage
from facestream.ops.warp import PlaneCut, plan_chroma_cuts, plan_cut

__all__ = ["DeviceCutter"]


class DeviceCutter:
    """The same crops as those of ``cut_crop``, to a level or two: in between nothing is rounded there."""

    def __init__(self, device: str) -> None:
        self._device = torch.device(device)
        self._mixes: dict[bytes, torch.Tensor] = {}

    def __call__(self, image: Image, matrix: npt.NDArray[np.float64], crop_size: int) -> torch.Tensor:
        """The RGB pixels of one roi, uint8 (crop_size, crop_size, 3) on the device; nothing waits for it."""
        with torch.inference_mode():
            if isinstance(image, YuvImage):
                luma = self._warp([plan_cut(image.luma, matrix, crop_size)])
                chroma = self._warp(plan_chroma_cuts(image, matrix, crop_size))
                if chroma.shape[-1] != crop_size:
                    chroma = F.interpolate(chroma, (crop_size, crop_size), mode="bilinear", align_corners=False)
                mix = self._mix(image.rgb_from_yuv)
                rgb = torch.einsum("kc,chw->hwk", mix[:, :3], torch.cat([luma, chroma], dim=1)[0]) + mix[:, 3]
            else:
                rgb = self._warp([plan_cut(image, matrix, crop_size)])[0].permute(1, 2, 0)
            return rgb.round().clamp(0, 255).to(torch.uint8)

    def _warp(self, cuts: Sequence[PlaneCut]) -> torch.Tensor:
        """(1, C, size, size) of planes that are cut alike."""
        first = cuts[0]
        region = self._upload([cut.region for cut in cuts])
        if first.averaged_size:
            # A region that is a multiple of the factor is averaged in whole blocks, as on the CPU.
            region = F.interpolate(region, first.averaged_size[::-1], mode="area")
        height, width = region.shape[-2:]
        grid = F.affine_grid(self._theta(first, width, height), [1, 1, first.size, first.size], align_corners=False)
        return F.grid_sample(region, grid, mode="bilinear", padding_mode="border", align_corners=False)

    def _upload(self, regions: Sequence[npt.NDArray[Any]]) -> torch.Tensor:
        """(1, C, h, w) in float32."""
        pixels = np.stack(regions)[None] if regions[0].ndim == 2 else regions[0].transpose(2, 0, 1)[None]
        # PyTorch has few operations for 16 bits without a sign; ten bits fit with one.
        return self._send(pixels.view(np.int16) if pixels.dtype == np.uint16 else pixels).to(torch.float32)

    def _theta(self, cut: PlaneCut, width: int, height: int) -> torch.Tensor:
        """(1, 2, 3): the matrix between the corners of crop and region, both from -1 to 1, as PyTorch counts."""
        xx, xy, x, yx, yy, y = cut.matrix
        half = cut.size / 2
        rows = (
            (xx * half * 2 / width, xy * half * 2 / width, ((xx + xy) * half + x) * 2 / width - 1),
            (yx * half * 2 / height, yy * half * 2 / height, ((yx + yy) * half + y) * 2 / height - 1),
        )
        return self._send(np.array([rows], dtype=np.float32))

    def _mix(self, rgb_from_yuv: npt.NDArray[np.float32]) -> torch.Tensor:
        """The matrix, kept on the device."""
        key = rgb_from_yuv.tobytes()
        if key not in self._mixes:
            self._mixes[key] = torch.from_numpy(rgb_from_yuv.copy()).to(self._device)
        return self._mixes[key]

    def _send(self, array: npt.NDArray[Any]) -> torch.Tensor:
        """To the device through memory that it reads by itself, so that nobody waits."""
        tensor = torch.from_numpy(np.ascontiguousarray(array))
        if self._device.type != "cuda":
            return tensor.to(self._device)
        return tensor.pin_memory().to(self._device, non_blocking=True)
