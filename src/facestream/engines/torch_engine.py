"""Run a network with PyTorch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from facestream.engines.from_pixels import FromPixels
from facestream.engines.interface import Image, batch_size_of, batched
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
        self.batch_size = batch_size_of(runtime.device)
        if runtime.num_threads is not None:
            torch.set_num_threads(runtime.num_threads)
        self._network = FromPixels(network, weights).to(runtime.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.weights_sha256 = weights_digest(network, weights)

    def run(self, images: Iterable[Image]) -> tuple[npt.NDArray[Any], ...]:
        results = [self._run_batch(batch) for batch in batched(images, self.batch_size)]
        if not results:
            empty = self._run_batch([np.zeros((self.input_size, self.input_size, 3), np.uint8)])
            return tuple(output[:0] for output in empty)
        return tuple(np.concatenate(outputs) for outputs in zip(*results, strict=True))

    def _run_batch(self, images: Sequence[Image]) -> tuple[npt.NDArray[Any], ...]:
        padded = np.zeros((self.batch_size, *images[0].shape), dtype=np.uint8)
        padded[: len(images)] = images
        # TF32 keeps only ten bits of each factor, and float32 is what we promise.
        with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            outputs = self._network(torch.from_numpy(padded).to(self.device))
        return tuple(output[: len(images)].cpu().numpy() for output in outputs)
