"""Build a network and fill it with verified weights."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib import import_module
from os import PathLike
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import nn

from facestream.errors import WeightsError
from facestream.models.registry import WeightsRecord, get_record
from facestream.models.weight_files import read_weights

__all__ = ["load"]


def load(name: str, *, device: str | torch.device = "cpu", weights: str | PathLike[str] | None = None) -> nn.Module:
    """Load a network with its weights, in eval mode and without gradients.

    Args:
        name: ``"facemesh"``, ``"blazeface-back"`` or ``"blazeface-front"``.
        device: where the parameters are put.
        weights: your own ``.safetensors`` (the names of ``state_dict()``) or an original ``.tflite``; the weights
            in the package when left out.

    Raises:
        WeightsError: no such network; a file that is missing, damaged or of another network.
    """
    record = get_record(name)
    path = record.path if weights is None else Path(weights)
    data = read_weights(path)
    digest = hashlib.sha256(data).hexdigest()
    if weights is None and digest != record.sha256:
        raise WeightsError(f"{path}: damaged (sha256 {digest}, wanted {record.sha256}); install facestream again")
    network = _build(record)
    _fill(network, _read_state(data, path, name), path, name)
    return network.eval().requires_grad_(False).to(device)


def _build(record: WeightsRecord) -> nn.Module:
    module, _, name = record.network.partition(":")
    network: nn.Module = getattr(import_module(module), name)(*record.arguments)
    return network


def _read_state(data: bytes, path: Path, name: str) -> dict[str, torch.Tensor]:
    """Read the tensors of a file. Its contents decide its type, not its name."""
    if data[4:8] == b"TFL3":
        from facestream.models.tflite_weights import read_tflite_state

        try:
            return {key: torch.from_numpy(value) for key, value in read_tflite_state(data, name).items()}
        except WeightsError as error:
            raise WeightsError(f"{path}: {error}") from error
    try:
        return safetensors.torch.load(data)
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(
            f"{path}: neither a .safetensors nor a .tflite file; give the weights of {name} in one of these"
        ) from error


def _fill(network: nn.Module, state: Mapping[str, torch.Tensor], path: Path, name: str) -> None:
    """Copy the state into the network as float32, after checking each name, shape and value."""
    wanted = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    found = {key: tuple(value.shape) for key, value in state.items()}
    if wanted != found:
        differing = sorted(key for key in wanted.keys() | found.keys() if wanted.get(key) != found.get(key))
        first = differing[0]
        raise WeightsError(
            f"{path}: not the weights of {name}: {len(differing)} tensors differ, the first is {first} "
            f"(wanted {wanted.get(first, 'no such tensor')}, found {found.get(first, 'no such tensor')})"
        )
    for key, value in state.items():
        if not value.is_floating_point():
            raise WeightsError(f"{path}: {key} is of type {value.dtype}; weights are floating-point numbers")
        if not torch.isfinite(value.float()).all():
            raise WeightsError(f"{path}: {key} holds values that are not finite numbers; save the weights again")
    network.load_state_dict({key: value.float() for key, value in state.items()})
