"""Run a network with PyTorch."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from facestream.models import get_record, load

__all__ = ["TorchEngine"]

BATCH_SIZE = 8
"""Fixed, because PyTorch picks another kernel for batch 1, which moves landmarks a little."""


class TorchEngine:
    """A network on the CPU (channels last), CUDA or MPS, in float32."""

    name = "torch"
    precision = "float32"

    def __init__(self, network: str, device: str, weights: str | None = None) -> None:
        record = get_record(network)
        self.device = device
        self.input_size = record.input_size
        low, high = record.pixel_range
        pure = load(network, device=device, weights=weights).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._network = _FromPixels(pure, low, high)
        self.weights_sha256 = _sha256(Path(weights)) if weights else record.sha256

    def run(self, images: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[Any], ...]:
        batches = [self._run_batch(images[start : start + BATCH_SIZE]) for start in range(0, len(images), BATCH_SIZE)]
        if not batches:
            empty = self._run_batch(np.zeros((1, self.input_size, self.input_size, 3), np.uint8))
            return tuple(output[:0] for output in empty)
        return tuple(np.concatenate(outputs) for outputs in zip(*batches, strict=True))

    def _run_batch(self, images: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[Any], ...]:
        padded = np.zeros((BATCH_SIZE, *images.shape[1:]), dtype=np.uint8)
        padded[: len(images)] = images
        # TF32 keeps only ten bits of each factor, and float32 is what we promise.
        with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            outputs = self._network(torch.from_numpy(padded).to(self.device))
        return tuple(output[: len(images)].cpu().numpy() for output in outputs)


class _FromPixels(nn.Module):
    """Grey levels to the network's range, so that images travel to the device as uint8."""

    def __init__(self, network: nn.Module, low: float, high: float) -> None:
        super().__init__()
        self.network = network
        self.low = low
        self.scale = (high - low) / 255.0

    def forward(self, images: torch.Tensor) -> Any:
        pixels = images.permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.channels_last)
        return self.network(pixels * self.scale + self.low)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
