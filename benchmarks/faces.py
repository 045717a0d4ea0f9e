"""facestream as the accuracy benchmark runs it: on the CPU, with its default options."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from facestream import FaceMeshes, FaceMeshPipeline, MeshOptions, iter_meshes
from facestream.io.source import open_source
from facestream.structures import Frame
from facestream.topology import NUM_LANDMARKS

__all__ = ["clip_meshes", "find_mesh", "find_meshes", "has_face", "read_picture"]

FloatArray = npt.NDArray[np.float64]
Image = npt.NDArray[np.uint8]


def read_picture(path: Path) -> Image:
    """The upright RGB pixels of a picture file."""
    with closing(open_source(path)) as source:
        return next(iter(source)).image


def find_meshes(image: Image, num_faces: int) -> FloatArray:
    """All meshes (N, 468, 2) of an image."""
    return np.asarray(_pipeline(num_faces).process(image).landmarks[..., :2], dtype=np.float64)


def find_mesh(image: Image, pixel_aspect: float = 1.0) -> FloatArray:
    """The most prominent mesh (468, 2) of an image; NaN where there is no face."""
    return _first(_pipeline(1).process_frames([Frame(image, pixel_aspect=pixel_aspect)])[0])


def clip_meshes(path: Path) -> Iterator[FloatArray]:
    """The most prominent mesh (468, 2) of each frame of a clip or picture; NaN where there is no face."""
    for frame in iter_meshes(path, MeshOptions(device="cpu"), pipeline=_pipeline(1)):
        yield _first(frame.meshes)


def has_face(mesh: FloatArray) -> bool:
    return not bool(np.isnan(mesh).any())


@cache
def _pipeline(num_faces: int) -> FaceMeshPipeline:
    return FaceMeshPipeline(num_faces=num_faces, device="cpu")


def _first(meshes: FaceMeshes) -> FloatArray:
    if not len(meshes):
        return np.full((NUM_LANDMARKS, 2), np.nan)
    return np.asarray(meshes.landmarks[0, :, :2], dtype=np.float64)
