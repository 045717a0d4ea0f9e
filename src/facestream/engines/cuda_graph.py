"""Record the work of a network on CUDA once and replay it for each batch, with one launch instead of one per layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

__all__ = ["CudaGraph"]

NUM_WARM_UPS = 3
"""The number of runs before the recording, so that cuDNN has chosen its kernels (PyTorch's notes on CUDA graphs)."""


class CudaGraph:
    """A computation on a fixed batch of pixels. Runs must not overlap, but are not waited for."""

    def __init__(self, compute: Callable[[torch.Tensor], tuple[torch.Tensor, ...]], shape: Sequence[int]) -> None:
        """Record ``compute`` for uint8 pixels of this shape, batch first."""
        self._pixels = torch.zeros(tuple(shape), dtype=torch.uint8, device="cuda")
        self._staging = torch.empty(tuple(shape), dtype=torch.uint8, pin_memory=True)
        self._uploaded = torch.cuda.Event()  # type: ignore[no-untyped-call]
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(NUM_WARM_UPS):
                compute(self._pixels)
        torch.cuda.current_stream().wait_stream(side)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._outputs = compute(self._pixels)

    def run(self, images: Sequence[Any]) -> tuple[torch.Tensor, ...]:
        """Return the outputs for a whole batch. Images are on the device or the host; outputs of missing ones are
        stale."""
        if isinstance(images[0], torch.Tensor):
            torch.stack(tuple(images), out=self._pixels[: len(images)])
        else:
            # The last upload may still read this memory.
            self._uploaded.synchronize()
            for place, image in zip(self._staging.numpy(), images, strict=False):
                place[...] = image
            self._pixels[: len(images)].copy_(self._staging[: len(images)], non_blocking=True)
            self._uploaded.record()
        self._graph.replay()
        # The next replay overwrites these.
        return tuple(output.clone() for output in self._outputs)
