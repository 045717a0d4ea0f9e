"""Encode integers as text that is short if their differences repeat."""

from __future__ import annotations

import base64
import zlib

import numpy as np
import numpy.typing as npt

__all__ = ["pack_numbers", "unpack_numbers"]


def pack_numbers(numbers: npt.NDArray[np.int64]) -> str:
    """Encode the differences, compressed, in base64."""
    steps = np.diff(np.asarray(numbers, dtype="<i8"), prepend=np.int64(0)).astype("<i8")
    return base64.b64encode(zlib.compress(steps.tobytes())).decode("ascii")


def unpack_numbers(text: str) -> npt.NDArray[np.int64]:
    """Undo ``pack_numbers``."""
    return np.cumsum(np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype="<i8")).astype(np.int64)
