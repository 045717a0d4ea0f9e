"""What every engine is to the pipeline, and which devices there are."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from facestream.errors import DeviceError, InputError

__all__ = ["Engine", "resolve_device"]


class Engine(Protocol):
    """A loaded network on a device."""

    name: str
    """Of the engine, such as ``torch``."""
    device: str
    precision: str
    input_size: int
    """Side of the input images in pixels."""
    weights_sha256: str
    """Of the weight file that was loaded."""

    def run(self, images: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[Any], ...]:
        """Run the network on RGB images (N, S, S, 3), N from 0; gives float32 arrays with N entries each.

        The network sees batches of one fixed size, the last one padded, so that the result of an image does not depend
        on what travels beside it.
        """
        ...


def resolve_device(device: str) -> str:
    """The device that an option names: ``auto`` is CUDA where there is one, else the CPU.

    Raises:
        InputError: there is no device of that name.
        DeviceError: the device was asked for by name and is not there.
    """
    import torch

    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if device == "auto":
        return "cuda" if available["cuda"] else "cpu"
    if device not in available:
        raise InputError(f"device must be one of auto, {', '.join(available)}, not {device!r}")
    if not available[device]:
        there = ", ".join(name for name, is_there in available.items() if is_there)
        raise DeviceError(
            f"device {device!r} was asked for, but PyTorch {torch.__version__} finds none; use one of: {there}, auto"
        )
    return device
