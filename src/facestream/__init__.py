"""facestream: pictures and videos of faces in, 468-point face-mesh streams out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from facestream.config import DetectOptions, MeshOptions
from facestream.errors import (
    DeviceError,
    FacestreamError,
    InputError,
    JobStopped,
    OptionError,
    OutputError,
    SourceError,
    StreamFormatError,
    WeightsError,
)
from facestream.version import __version__

if TYPE_CHECKING:
    from facestream.conversion import convert
    from facestream.extraction import detect, extract, iter_detections, iter_meshes
    from facestream.io.ssi_stream import SsiStream, read_stream, write_stream
    from facestream.pipeline.face_mesh import FaceMeshPipeline
    from facestream.structures import Detections, FaceMeshes, FrameDetections, FrameMeshes, Progress, Summary

__all__ = [
    "DetectOptions",
    "Detections",
    "DeviceError",
    "FaceMeshPipeline",
    "FaceMeshes",
    "FacestreamError",
    "FrameDetections",
    "FrameMeshes",
    "InputError",
    "JobStopped",
    "MeshOptions",
    "OptionError",
    "OutputError",
    "Progress",
    "SourceError",
    "SsiStream",
    "StreamFormatError",
    "Summary",
    "WeightsError",
    "__version__",
    "convert",
    "detect",
    "extract",
    "iter_detections",
    "iter_meshes",
    "read_stream",
    "write_stream",
]

# Imported when they are first asked for, so that "import facestream" stays quick and light.
_LAZY = {
    "Detections": "facestream.structures",
    "FrameDetections": "facestream.structures",
    "convert": "facestream.conversion",
    "detect": "facestream.extraction",
    "iter_detections": "facestream.extraction",
    "FaceMeshPipeline": "facestream.pipeline.face_mesh",
    "FaceMeshes": "facestream.structures",
    "FrameMeshes": "facestream.structures",
    "Progress": "facestream.structures",
    "SsiStream": "facestream.io.ssi_stream",
    "Summary": "facestream.structures",
    "extract": "facestream.extraction",
    "iter_meshes": "facestream.extraction",
    "read_stream": "facestream.io.ssi_stream",
    "write_stream": "facestream.io.ssi_stream",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
