"""The interface of engines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

__all__ = ["Engine", "Image", "batch_size_of", "batched"]

Image = npt.NDArray[np.uint8]
"""RGB (S, S, 3); for an engine on CUDA it may be a tensor on the device."""

CPU_BATCH_SIZE = 1
"""No slot of a batch stays empty, and all stays in the cache of a core: at 8 images the back detector takes 1.4 times
as long for each."""

GPU_BATCH_SIZE = 32


class Engine(Protocol):
    """A loaded network on a device."""

    name: str
    """The name of the engine, such as ``torch``."""
    device: str
    precision: str
    """The precision of the computation."""
    input_size: int
    """The side of the input images in pixels."""
    batch_size: int
    """The fixed batch size. Engines choose other kernels for other batches, which moves landmarks slightly."""
    weights_sha256: str
    """The SHA-256 of the loaded weight file."""

    def run(self, images: Iterable[Image]) -> tuple[npt.NDArray[Any], ...]:
        """Run the network on RGB images, uint8 (S, S, 3); gives float32 arrays with one entry an image.

        The images are asked for as they are needed, while others are computed. The network sees batches of
        ``batch_size``, the last one padded, so that the result of an image does not depend on the rest of its batch.
        """
        ...


def batch_size_of(device: str) -> int:
    return CPU_BATCH_SIZE if device == "cpu" else GPU_BATCH_SIZE


def batched(images: Iterable[Image], size: int) -> Iterator[list[Image]]:
    """Iterate over groups of images; the last group may be smaller."""
    iterator = iter(images)
    while batch := list(islice(iterator, size)):
        yield batch
