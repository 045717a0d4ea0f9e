"""The networks in pure PyTorch, and their weights.

``load`` and the classes import torch on first use. The registry does not need it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from facestream.models.registry import WEIGHTS, WeightsRecord, get_record
from facestream.models.weight_files import weights_digest

if TYPE_CHECKING:
    from facestream.models.blazeface import BlazeFace
    from facestream.models.facemesh import FaceMesh
    from facestream.models.loading import load

__all__ = ["WEIGHTS", "BlazeFace", "FaceMesh", "WeightsRecord", "get_record", "load", "weights_digest"]

_LAZY = {
    "BlazeFace": "facestream.models.blazeface",
    "FaceMesh": "facestream.models.facemesh",
    "load": "facestream.models.loading",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
