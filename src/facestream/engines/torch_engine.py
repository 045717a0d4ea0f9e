"""Run a network with PyTorch."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from facestream.engines.cuda_graph import CudaGraph
from facestream.engines.from_pixels import FromPixels
from facestream.engines.interface import Image, batch_size_of, batched
from facestream.engines.runtime import Runtime
from facestream.errors import DeviceError
from facestream.models import get_record, weights_digest

__all__ = ["TorchEngine"]

TYPES = {"float32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}

_log = logging.getLogger(__name__)


class TorchEngine:
    """Runs a network on the CPU (channels last), CUDA or MPS; in less than float32 on CUDA only."""

    name = "torch"

    def __init__(self, network: str, runtime: Runtime, weights: str | None = None) -> None:
        self.device = runtime.device
        self.precision = runtime.precision
        self.input_size = get_record(network).input_size
        self.batch_size = batch_size_of(runtime.device)
        if runtime.num_threads is not None:
            torch.set_num_threads(runtime.num_threads)
        self._network = FromPixels(network, weights, dtype=TYPES[runtime.precision])
        self._network.to(runtime.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.weights_sha256 = weights_digest(network, weights)
        self._graph: CudaGraph | None = None
        self._lock = Lock()

    def run(self, images: Iterable[Image]) -> tuple[npt.NDArray[Any], ...]:
        results: list[tuple[torch.Tensor, ...]] = []
        for batch in batched(images, self.batch_size):
            with self._lock:
                results += self._run_halving(batch)
        if not results:
            some = self.run([np.zeros((self.input_size, self.input_size, 3), np.uint8)])
            return tuple(output[:0] for output in some)
        # On a GPU, all batches are submitted before the first result is waited for.
        return tuple(torch.cat(outputs).cpu().numpy() for outputs in zip(*results, strict=True))

    def _run_halving(self, images: Sequence[Image]) -> list[tuple[torch.Tensor, ...]]:
        """Return the outputs of a batch. If the device lacks memory for all of it, it is processed in halves.

        Raises:
            DeviceError: there is no memory even for one image.
        """
        parts = list(batched(images, self.batch_size))
        try:
            return [self._run_batch(part) for part in parts]
        except torch.OutOfMemoryError:
            if self.batch_size == 1:
                raise DeviceError(
                    f"the memory of device {self.device!r} is not enough for one image; end other programs on it, or "
                    "take device 'cpu'"
                ) from None
        self._halve(from_size=max(len(part) for part in parts))
        return self._run_halving(images)

    def _halve(self, from_size: int) -> None:
        self.batch_size = max(1, self.batch_size // 2)
        self._graph = None
        if self.device == "cuda":
            torch.cuda.empty_cache()
        _log.warning(
            "the memory of device %r is not enough for %d images at once; %d from now on",
            self.device,
            from_size,
            self.batch_size,
        )

    def _run_batch(self, images: Sequence[Image]) -> tuple[torch.Tensor, ...]:
        """Return the outputs (N, ...) in float32, on the device."""
        with torch.inference_mode():
            if self.device != "cuda":
                outputs = self._compute(_padded(images, self.batch_size, self.device))
            else:
                self._graph = self._graph or CudaGraph(self._compute, (self.batch_size, *images[0].shape))
                outputs = self._graph.run(images)
            return tuple(output[: len(images)] for output in outputs)

    def _compute(self, pixels: torch.Tensor) -> tuple[torch.Tensor, ...]:
        # TF32 keeps only ten bits of each factor, but we promise float32.
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            outputs: tuple[torch.Tensor, ...] = self._network(pixels)
            return outputs


def _padded(images: Sequence[Image], batch_size: int, device: str) -> torch.Tensor:
    pixels = np.zeros((batch_size, *images[0].shape), dtype=np.uint8)
    pixels[: len(images)] = images
    return torch.from_numpy(pixels).to(device)
