"""Build a network and fill it with verified weights."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy
import torch
from torch import nn

from facestream.errors import WeightsError
from facestream.models.blazeface import BlazeFace
from facestream.models.facemesh import FaceMesh
from facestream.models.registry import get_record

__all__ = ["load"]

_NETWORKS: Mapping[str, Callable[[], nn.Module]] = {
    "facemesh": FaceMesh,
    "blazeface-back": lambda: BlazeFace("back"),
    "blazeface-front": lambda: BlazeFace("front"),
}


def load(name: str, *, device: str | torch.device = "cpu", weights: str | PathLike[str] | None = None) -> nn.Module:
    """A network with its weights, in eval mode and without gradients.

    Args:
        name: ``"facemesh"``, ``"blazeface-back"`` or ``"blazeface-front"``.
        device: where the parameters are put.
        weights: your own ``.safetensors`` (the names of ``state_dict()``) or an original ``.tflite``; the weights
            in the package when left out.

    Raises:
        WeightsError: no such network; a file that is missing, damaged or of another network.
    """
    record = get_record(name)
    if weights is None:
        data = _read_bytes(record.path)
        digest = hashlib.sha256(data).hexdigest()
        if digest != record.sha256:
            raise WeightsError(
                f"{record.path}: damaged (sha256 {digest}, wanted {record.sha256}); install facestream again"
            )
        state = safetensors.numpy.load(data)
    else:
        state = _read_state(Path(weights), name)
    network = _NETWORKS[name]()
    _fill(network, state, record.path if weights is None else Path(weights), name)
    return network.eval().requires_grad_(False).to(device)


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path}: the weights cannot be read ({error.strerror or error})") from error


def _read_state(path: Path, name: str) -> dict[str, np.ndarray]:
    """One's own weights; the content decides what they are, not the file name."""
    data = _read_bytes(path)
    if data[4:8] == b"TFL3":
        from facestream.models.tflite_weights import read_tflite_state

        try:
            return read_tflite_state(data, name)
        except WeightsError as error:
            raise WeightsError(f"{path}: {error}") from error
    try:
        return safetensors.numpy.load(data)
    except (safetensors.SafetensorError, ValueError, KeyError) as error:
        raise WeightsError(
            f"{path}: neither a .safetensors nor a .tflite file; give the weights of {name} in one of these"
        ) from error


def _fill(network: nn.Module, state: Mapping[str, np.ndarray], path: Path, name: str) -> None:
    """Copy the state into the network as float32, after each name and shape is known to fit."""
    wanted = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    found = {key: tuple(value.shape) for key, value in state.items()}
    if wanted != found:
        differing = sorted(key for key in wanted.keys() | found.keys() if wanted.get(key) != found.get(key))
        first = differing[0]
        raise WeightsError(
            f"{path}: not the weights of {name}: {len(differing)} tensors differ, the first is {first} "
            f"(wanted {wanted.get(first, 'no such tensor')}, found {found.get(first, 'no such tensor')})"
        )
    if not all(np.isfinite(value.astype(np.float32)).all() for value in state.values()):
        raise WeightsError(f"{path}: the weights hold values that are not finite numbers; save them again")
    network.load_state_dict({key: torch.from_numpy(value.astype(np.float32)) for key, value in state.items()})
