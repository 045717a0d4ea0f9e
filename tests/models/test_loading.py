from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import safetensors.torch
import torch

from facestream.errors import WeightsError
from facestream.models import WEIGHTS, load, registry
from tests.conftest import GOLDEN

TFLITE = GOLDEN / "face_detection_short_range.tflite"


@pytest.mark.parametrize("record", WEIGHTS.values(), ids=lambda record: record.name)
def test_each_record_describes_its_file(record: registry.WeightsRecord) -> None:
    assert hashlib.sha256(record.path.read_bytes()).hexdigest() == record.sha256
    assert record.licence == "Apache-2.0, Google LLC"
    assert record.origin_sha256
    network = load(record.name)
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}


def test_facemesh_has_the_parameters_of_the_original() -> None:
    assert sum(parameter.numel() for parameter in load("facemesh").parameters()) == 604_685


def test_own_tflite_weights_are_the_packages_own() -> None:
    assert hashlib.sha256(TFLITE.read_bytes()).hexdigest() == WEIGHTS["blazeface-front"].origin_sha256
    own, package = load("blazeface-front", weights=TFLITE).state_dict(), load("blazeface-front").state_dict()
    assert own.keys() == package.keys()
    assert all(torch.equal(own[key], package[key]) for key in own)


def test_own_safetensors_are_taken(tmp_path: Path) -> None:
    state = {key: value.numpy() * 2 for key, value in load("facemesh").state_dict().items()}
    safetensors.numpy.save_file(state, tmp_path / "own.safetensors")
    own = load("facemesh", weights=tmp_path / "own.safetensors").state_dict()
    assert all(np.array_equal(own[key].numpy(), state[key]) for key in state)


def test_weights_that_are_no_numbers(tmp_path: Path) -> None:
    state = {key: value.numpy() * np.nan for key, value in load("facemesh").state_dict().items()}
    safetensors.numpy.save_file(state, tmp_path / "nan.safetensors")
    with pytest.raises(WeightsError, match="holds values that are not finite"):
        load("facemesh", weights=tmp_path / "nan.safetensors")


def test_types_of_own_weights(tmp_path: Path) -> None:
    state = load("facemesh").state_dict()
    safetensors.torch.save_file({key: value.bfloat16() for key, value in state.items()}, tmp_path / "half.safetensors")
    half = load("facemesh", weights=tmp_path / "half.safetensors").state_dict()
    assert all(torch.equal(half[key], value.bfloat16().float()) for key, value in state.items())
    safetensors.torch.save_file({key: value.int() for key, value in state.items()}, tmp_path / "int.safetensors")
    with pytest.raises(WeightsError, match=r"is of type torch\.int32; weights are floating-point numbers"):
        load("facemesh", weights=tmp_path / "int.safetensors")
    with pytest.raises(WeightsError, match="not a regular file"):
        load("facemesh", weights=Path("/dev/null"))


def test_a_damaged_package_file_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = dataclasses.replace(WEIGHTS["facemesh"], sha256="0" * 64)
    monkeypatch.setattr(registry, "WEIGHTS", {"facemesh": record})
    with pytest.raises(WeightsError, match="damaged"):
        load("facemesh")


def test_no_such_network() -> None:
    with pytest.raises(WeightsError, match="there is no network 'mesh'; choose one of facemesh, blazeface-back"):
        load("mesh")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("absent.safetensors", None, "cannot be read"),
        ("text.safetensors", b"hello, I am no weights file", "neither a .safetensors nor a .tflite"),
        ("empty.tflite", b"", "neither a .safetensors nor a .tflite"),
        ("pickle.pth", b"\x80\x04\x95" + b"\0" * 64, "neither a .safetensors nor a .tflite"),
        ("short.tflite", b"\0\0\0\0TFL3", "the TFLite file is damaged"),
        ("cut.tflite", TFLITE.read_bytes()[:5000], "cut.tflite"),
    ],
)
def test_files_that_are_no_weights(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(WeightsError, match=message):
        load("facemesh", weights=path)


def test_weights_of_another_network(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="not a facemesh network"):
        load("facemesh", weights=TFLITE)
    with pytest.raises(WeightsError, match=r"not the weights of blazeface-back.*the first is"):
        load("blazeface-back", weights=WEIGHTS["blazeface-front"].path)
