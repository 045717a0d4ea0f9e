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
    from facestream.pipeline.face_mesh import FaceMeshPipeline
    from facestream.ssi.stream import SsiStream, read_stream, write_stream
    from facestream.structures import Detections, FaceMeshes, FrameDetections, FrameMeshes, Progress, Summary
    from facestream.use_cases.conversion import convert
    from facestream.use_cases.extraction import detect, extract, iter_detections, iter_meshes

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
    "convert": "facestream.use_cases.conversion",
    "detect": "facestream.use_cases.extraction",
    "iter_detections": "facestream.use_cases.extraction",
    "FaceMeshPipeline": "facestream.pipeline.face_mesh",
    "FaceMeshes": "facestream.structures",
    "FrameMeshes": "facestream.structures",
    "Progress": "facestream.structures",
    "SsiStream": "facestream.ssi.stream",
    "Summary": "facestream.structures",
    "extract": "facestream.use_cases.extraction",
    "iter_meshes": "facestream.use_cases.extraction",
    "read_stream": "facestream.ssi.stream",
    "write_stream": "facestream.ssi.stream",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
