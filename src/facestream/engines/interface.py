"""What every engine is to the pipeline."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

__all__ = ["BATCH_SIZE", "Engine"]

BATCH_SIZE = 8
"""Fixed, because engines pick other kernels for other batches, which moves landmarks a little."""


class Engine(Protocol):
    """A loaded network on a device."""

    name: str
    """Of the engine, such as ``torch``."""
    device: str
    precision: str
    """What it really computes with."""
    input_size: int
    """Side of the input images in pixels."""
    weights_sha256: str
    """Of the weight file that was loaded."""

    def run(self, images: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[Any], ...]:
        """Run the network on RGB images (N, S, S, 3), N from 0; gives float32 arrays with N entries each.

        The network sees batches of ``BATCH_SIZE``, the last one padded, so that the result of an image does not depend
        on what travels beside it.
        """
        ...
