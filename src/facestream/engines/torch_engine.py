"""Run a network with PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from facestream.engines.from_pixels import FromPixels
from facestream.engines.interface import BATCH_SIZE
from facestream.engines.runtime import Runtime
from facestream.models import get_record, weights_digest

__all__ = ["TorchEngine"]


class TorchEngine:
    """A network on the CPU (channels last), CUDA or MPS, in float32."""

    name = "torch"
    precision = "float32"

    def __init__(self, network: str, runtime: Runtime, weights: str | None = None) -> None:
        self.device = runtime.device
        self.input_size = get_record(network).input_size
        if runtime.num_threads is not None:
            torch.set_num_threads(runtime.num_threads)
        self._network = FromPixels(network, weights).to(runtime.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.weights_sha256 = weights_digest(network, weights)

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
