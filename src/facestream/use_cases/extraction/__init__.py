"""Extract meshes or detections from one source. Every interface calls these functions."""

from __future__ import annotations

from facestream.use_cases.extraction.detection import detect, iter_detections, open_detection_pipeline
from facestream.use_cases.extraction.mesh import extract, iter_meshes, open_pipeline

__all__ = ["detect", "extract", "iter_detections", "iter_meshes", "open_detection_pipeline", "open_pipeline"]
