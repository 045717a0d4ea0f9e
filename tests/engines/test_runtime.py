from __future__ import annotations

import sys

import pytest
import torch

from facestream.engines import Runtime, open_engine, resolve_device, resolve_runtime, runtime
from facestream.errors import DeviceError, InputError, OptionError


def test_devices() -> None:
    with pytest.raises(InputError, match="device must be one of auto, cpu, cuda, mps, not 'gpu'"):
        resolve_device("gpu")
    assert resolve_device("cpu") == "cpu"
    assert resolve_device("auto") == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize(
    ("device", "is_there"), [("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available())]
)
def test_a_device_is_there_or_an_error(device: str, is_there: bool) -> None:
    if is_there:
        assert resolve_device(device) == device
    else:
        with pytest.raises(
            DeviceError, match=rf"device '{device}' was asked for, but PyTorch .* finds none; use one of: cpu"
        ):
            resolve_device(device)


def test_cuda_is_not_looked_for_where_there_is_no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "_has_cuda_driver", lambda: False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: pytest.fail("PyTorch was asked"))
    assert resolve_device("auto") == "cpu"


def without_openvino(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "find_spec", lambda _: None)


def test_the_engine_follows_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve_runtime(device="cpu") == Runtime("openvino", "cpu", "float32", None)
    assert resolve_runtime(engine="torch", device="cpu", num_threads=2) == Runtime("torch", "cpu", "float32", 2)
    assert resolve_runtime(engine="openvino", precision="bf16") == Runtime("openvino", "cpu", "bf16", None)
    monkeypatch.setattr(runtime, "resolve_device", lambda _: "cuda")
    assert resolve_runtime().engine == "torch"
    assert resolve_runtime(precision="fp16") == Runtime("torch", "cuda", "fp16", None)
    assert resolve_runtime(engine="openvino").device == "cpu"
    monkeypatch.undo()
    without_openvino(monkeypatch)
    assert resolve_runtime(device="cpu").engine == "torch"


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ({"engine": "onnx"}, InputError, "engine must be one of auto, torch, openvino, not 'onnx'"),
        ({"precision": "fp8"}, InputError, "precision must be one of float32, bf16, fp16, int8, not 'fp8'"),
        (
            {"engine": "openvino", "device": "cuda"},
            OptionError,
            "engine 'openvino' runs on the CPU, but device 'cuda' was asked for; leave one out",
        ),
        (
            {"engine": "torch", "device": "cpu", "precision": "bf16"},
            OptionError,
            "engine 'torch' computes in float32 only except on CUDA, but precision 'bf16' was asked for; "
            "engine 'openvino' has it",
        ),
        (
            {"engine": "torch", "device": "cpu", "precision": "int8"},
            OptionError,
            "precision 'int8' is computed by engine 'openvino' on the CPU only",
        ),
    ],
)
def test_what_does_not_go_together(values: dict[str, str], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        resolve_runtime(**values)  # type: ignore[arg-type]


def test_openvino_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    without_openvino(monkeypatch)
    with pytest.raises(DeviceError, match=r"'openvino' was asked for, but it is not installed: .*; there is: torch"):
        resolve_runtime(engine="openvino")
    with pytest.raises(OptionError, match="only, which is not installed: pip install openvino"):
        resolve_runtime(device="cpu", precision="int8")


def test_openvino_that_cannot_be_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "facestream.engines.openvino_engine", None)
    with pytest.raises(DeviceError, match=r"engine 'openvino' is installed, but cannot be loaded .*; repair it"):
        open_engine("facemesh", Runtime("openvino", "cpu"))
