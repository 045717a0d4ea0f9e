"""Description of a weights file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facestream.errors import WeightsError
from facestream.inspection.description import Fact

__all__ = ["WEIGHTS_SUFFIXES", "WeightsDescription", "describe_weights"]

WEIGHTS_SUFFIXES = (".safetensors", ".tflite")
BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class WeightsDescription:
    """A weights file and the network it belongs to."""

    path: Path
    network: str
    """Its name, such as ``facemesh``; empty if the weights fit none."""
    num_bytes: int
    sha256: str

    def facts(self) -> list[Fact]:
        return [
            ("file", str(self.path)),
            (
                "content",
                f"{self.network} weights" if self.network else "weights that fit none of the networks",
            ),
            ("bytes", str(self.num_bytes)),
            ("sha256", self.sha256),
        ]

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": "weights",
            "file": str(self.path),
            "network": self.network or None,
            "bytes": self.num_bytes,
            "sha256": self.sha256,
        }


def describe_weights(path: Path) -> WeightsDescription:
    """Describe a weights file, trying which network it fits.

    Raises:
        WeightsError: The file cannot be read.
    """
    digest = hashlib.sha256()
    num_bytes = 0
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                digest.update(block)
                num_bytes += len(block)
    except OSError as error:
        raise WeightsError(f"{path}: the weights cannot be read ({error.strerror or error})") from error
    return WeightsDescription(path, _network(path), num_bytes, digest.hexdigest())


def _network(path: Path) -> str:
    from facestream.models.loading import load
    from facestream.models.registry import WEIGHTS

    for name in WEIGHTS:
        try:
            load(name, weights=path)
        except WeightsError:
            continue
        return name
    return ""
