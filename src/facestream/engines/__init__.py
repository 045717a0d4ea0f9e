"""Run networks: uint8 images in, arrays out."""

from __future__ import annotations

from importlib import import_module

from facestream.engines.interface import Engine
from facestream.engines.runtime import ENGINES, PRECISIONS, Runtime, resolve_device, resolve_runtime
from facestream.errors import DeviceError

__all__ = ["ENGINES", "PRECISIONS", "Engine", "Runtime", "open_engine", "resolve_device", "resolve_runtime"]


def open_engine(name: str, runtime: Runtime, weights: str | None = None) -> Engine:
    """Open the engine that runs a network.

    Raises:
        DeviceError: the engine cannot be loaded, or cannot compute in the precision that was asked for.
        WeightsError: the weights are missing, damaged or of another network.
    """
    module, _, class_name = ENGINES[runtime.engine].partition(":")
    try:
        engine_class = getattr(import_module(module), class_name)
    except ImportError as error:
        raise DeviceError(
            f"engine {runtime.engine!r} is installed, but cannot be loaded ({error}); repair it, or use another one"
        ) from error
    engine: Engine = engine_class(name, runtime, weights)
    return engine
