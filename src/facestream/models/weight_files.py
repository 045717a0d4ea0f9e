"""Read weight files and compute their checksums, without building networks."""

from __future__ import annotations

import hashlib
from os import PathLike
from pathlib import Path

from facestream.errors import WeightsError
from facestream.models.registry import get_record

__all__ = ["read_weights", "weights_digest"]


def read_weights(path: Path) -> bytes:
    """Read a weight file.

    Raises:
        WeightsError: it is missing or no file.
    """
    if path.exists() and not path.is_file():
        raise WeightsError(f"{path}: not a regular file; weights are read from files")
    try:
        return path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path}: the weights cannot be read ({error.strerror or error})") from error


def weights_digest(name: str, weights: str | PathLike[str] | None = None) -> str:
    """Return the SHA-256 of the packaged weights, from the registry, or of your own weights.

    Raises:
        WeightsError: no such network, or the file cannot be read.
    """
    record = get_record(name)
    return record.sha256 if weights is None else hashlib.sha256(read_weights(Path(weights))).hexdigest()
