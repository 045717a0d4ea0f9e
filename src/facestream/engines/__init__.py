"""How a network is run: uint8 images in, arrays out."""

from __future__ import annotations

from facestream.engines.interface import Engine
from facestream.engines.runtime import ENGINES, PRECISIONS, Runtime, resolve_device, resolve_runtime
from facestream.errors import DeviceError

__all__ = ["ENGINES", "PRECISIONS", "Engine", "Runtime", "open_engine", "resolve_device", "resolve_runtime"]


def open_engine(name: str, runtime: Runtime, weights: str | None = None) -> Engine:
    """The engine that runs network ``name``.

    Raises:
        DeviceError: the engine cannot be loaded, or cannot compute in the precision that was asked for.
        WeightsError: the weights are missing, damaged or of another network.
    """
    if runtime.engine == "openvino":
        try:
            from facestream.engines.openvino_engine import OpenVinoEngine
        except ImportError as error:
            raise DeviceError(
                f"OpenVINO is installed, but cannot be loaded ({error}); mend it, or take engine 'torch'"
            ) from error

        return OpenVinoEngine(name, runtime, weights)
    from facestream.engines.torch_engine import TorchEngine

    return TorchEngine(name, runtime, weights)
