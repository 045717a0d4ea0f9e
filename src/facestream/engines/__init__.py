"""How a network is run: uint8 images in, arrays out."""

from __future__ import annotations

from facestream.engines.interface import Engine, resolve_device

__all__ = ["Engine", "open_engine", "resolve_device"]


def open_engine(name: str, device: str, weights: str | None = None) -> Engine:
    """The engine that runs network ``name`` on a device that ``resolve_device`` answered.

    Raises:
        WeightsError: the weights are missing, damaged or of another network.
    """
    from facestream.engines.torch_engine import TorchEngine

    return TorchEngine(name, device, weights)
