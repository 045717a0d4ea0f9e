"""facestream as the accuracy benchmark runs it: on the CPU, with its default options."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from facestream import FaceMeshes, FaceMeshPipeline, MeshOptions, iter_meshes
from facestream.media.source import open_source
from facestream.ops.roi import rois_from_landmarks
from facestream.structures import Frame
from facestream.topology import NUM_LANDMARKS
from facestream.use_cases.extraction.frame_loop import read_groups
from facestream.use_cases.extraction.time_range import schedule_source

__all__ = [
    "ClipRun",
    "tracked_meshes",
    "clip_meshes",
    "clip_run",
    "find_mesh",
    "find_meshes",
    "has_face",
    "read_picture",
]

FloatArray = npt.NDArray[np.float64]
Image = npt.NDArray[np.uint8]


def read_picture(path: Path) -> Image:
    """Read the upright RGB pixels of a picture file."""
    with closing(open_source(path)) as source:
        return next(iter(source)).image


def find_meshes(image: Image, num_faces: int) -> FloatArray:
    """Find all meshes (N, 468, 2) of an image."""
    return np.asarray(_pipeline(num_faces).process(image).landmarks[..., :2], dtype=np.float64)


def find_mesh(image: Image, pixel_aspect: float = 1.0) -> FloatArray:
    """Find the most prominent mesh (468, 2) of an image; NaN if there is no face."""
    return _first(_pipeline(1).process_frames([Frame(image, pixel_aspect=pixel_aspect)])[0])


@dataclass(frozen=True, slots=True)
class ClipRun:
    """The meshes of a whole clip in per-frame mode, and the result of another pass."""

    meshes: FloatArray
    """(frames, 468, 2); NaN if there is no face."""
    third_pass: FloatArray
    """The same after one more pass, on a crop computed from the mesh's own landmarks."""


@cache
def clip_run(path: Path) -> ClipRun:
    """Run per-frame mode over a clip; the result is cached because several questions use it."""
    pipeline, options = _pipeline(1), MeshOptions(device="cpu")
    meshes, third_pass = [], []
    with (
        closing(open_source(path)) as source,
        schedule_source(source, options, detection_interval=1) as scheduled,
        read_groups(scheduled, options, detection_interval=1) as groups,
    ):
        for group in groups:
            found = [_first(result) for result in pipeline.process_frames(group.frames)]
            meshes += found
            third_pass += _run_third_pass(pipeline, group.frames, found)
    return ClipRun(np.array(meshes), np.array(third_pass))


@cache
def tracked_meshes(path: Path) -> FloatArray:
    """Find the meshes (frames, 468, 2) of a clip with the default detection interval; NaN if there is no face."""
    options = MeshOptions(device="cpu")
    return np.array([_first(result.meshes) for result in iter_meshes(path, options, pipeline=_pipeline(1))])


def clip_meshes(path: Path) -> Iterator[FloatArray]:
    """Yield the most prominent mesh (468, 2) of each frame of a clip or picture; NaN if there is no face."""
    yield from clip_run(path).meshes


def has_face(mesh: FloatArray) -> bool:
    return not bool(np.isnan(mesh).any())


@cache
def _pipeline(num_faces: int) -> FaceMeshPipeline:
    return FaceMeshPipeline(num_faces=num_faces, device="cpu")


def _run_third_pass(pipeline: FaceMeshPipeline, frames: list[Frame], meshes: list[FloatArray]) -> list[FloatArray]:
    refined = np.full_like(meshes, np.nan)
    found = [k for k, mesh in enumerate(meshes) if has_face(mesh)]
    if found:
        rois = rois_from_landmarks(np.array([meshes[k] for k in found]), frames[0].pixel_aspect)
        refined[found] = pipeline.landmarker.place([frames[k] for k in found], rois)[0][..., :2]
    return list(refined)


def _first(meshes: FaceMeshes) -> FloatArray:
    if not len(meshes):
        return np.full((NUM_LANDMARKS, 2), np.nan)
    return np.asarray(meshes.landmarks[0, :, :2], dtype=np.float64)
