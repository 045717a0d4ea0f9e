"""Resolve the requested engine, device and precision to what this machine has."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec

from facestream.errors import DeviceError, InputError, OptionError

__all__ = ["ENGINES", "PRECISIONS", "Runtime", "resolve_device", "resolve_runtime"]

ENGINES: Mapping[str, str] = {
    "torch": "facestream.engines.torch_engine:TorchEngine",
    "openvino": "facestream.engines.openvino_engine:OpenVinoEngine",
}
"""The class of each engine, as ``module:name``; it is imported when it is needed."""

PRECISIONS = ("float32", "bf16", "fp16", "int8")
DEVICES = ("cpu", "cuda", "mps")


@dataclass(frozen=True, slots=True)
class Runtime:
    """How networks are run, with ``auto`` resolved."""

    engine: str
    device: str
    precision: str = "float32"
    num_threads: int | None = None
    """The threads of the engine; ``None`` is all cores."""


def resolve_runtime(
    *, engine: str = "auto", device: str = "auto", precision: str = "float32", num_threads: int | None = None
) -> Runtime:
    """Resolve what was requested. ``auto`` is CUDA if available, else OpenVINO if installed, else PyTorch.

    Raises:
        InputError: an unknown name.
        OptionError: an engine that cannot do what is asked of it.
        DeviceError: an engine or a device that was asked for by name and is not there.
    """
    if engine not in ("auto", *ENGINES):
        raise InputError(f"engine must be one of auto, {', '.join(ENGINES)}, not {engine!r}")
    if precision not in PRECISIONS:
        raise InputError(f"precision must be one of {', '.join(PRECISIONS)}, not {precision!r}")
    has_openvino = find_spec("openvino") is not None
    if engine == "openvino" and not has_openvino:
        raise DeviceError(
            "engine 'openvino' was asked for, but it is not installed: pip install openvino; there is: torch"
        )
    if engine == "openvino" and device not in ("auto", "cpu"):
        raise OptionError(f"engine 'openvino' runs on the CPU, but device {device!r} was asked for; leave one out")
    settled_device = "cpu" if engine == "openvino" else resolve_device(device)
    if engine == "auto":
        engine = "openvino" if settled_device == "cpu" and has_openvino else "torch"
    if engine == "torch" and precision == "int8":
        raise OptionError(
            "precision 'int8' is computed by engine 'openvino' on the CPU only"
            + ("" if has_openvino else ", which is not installed: pip install openvino")
        )
    if engine == "torch" and precision != "float32" and settled_device != "cuda":
        raise OptionError(
            f"engine 'torch' computes in float32 only except on CUDA, but precision {precision!r} was asked for"
            + ("; engine 'openvino' has it" if has_openvino and settled_device == "cpu" else "")
        )
    return Runtime(engine, settled_device, precision, num_threads)


def resolve_device(device: str) -> str:
    """Resolve a device. ``auto`` is CUDA if available, else the CPU.

    Raises:
        InputError: there is no device of that name.
        DeviceError: the device was asked for by name and is not there.
    """
    if device not in ("auto", *DEVICES):
        raise InputError(f"device must be one of auto, {', '.join(DEVICES)}, not {device!r}")
    # PyTorch takes a second to load, so it is not loaded if there cannot be a GPU.
    if device == "cpu" or (device == "auto" and not _has_cuda_driver()):
        return "cpu"
    import torch

    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if device == "auto":
        return "cuda" if available["cuda"] else "cpu"
    if not available[device]:
        there = ", ".join(name for name, is_there in available.items() if is_there)
        raise DeviceError(
            f"device {device!r} was asked for, but PyTorch {torch.__version__} finds none; use one of: {there}, auto"
        )
    return device


def _has_cuda_driver() -> bool:
    """Whether NVIDIA's driver is installed and finds a device."""
    count = ctypes.c_int(0)
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
        return driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0 and count.value > 0
    except (OSError, AttributeError):
        return False
