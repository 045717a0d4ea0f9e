"""Photographed faces annotated with the 68 points of iBUG.

The error of a face (NME) is the mean distance over the inner points 27 to 67, in percent of the distance between the
annotated outer eye corners. Jaw and brows are excluded because the two schemes define them differently.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench import Bench
from faces import find_meshes, read_picture
from facestream.topology import IBUG_68
from geometry import distances, nearest_mesh
from report import Answer, Bar, Figure
from truth import AnnotatedFace, NotThere, Truth

TEXT = "error on photographed faces with 68 points (NME of the inner 41)"

NUM_FACES = 20
INNER = slice(27, 68)
OUTER_EYE_CORNERS = (36, 45)

MeshFinder = Callable[[Path], npt.NDArray[np.float64]]
"""Returns the meshes (N, 468, 2) of a picture."""


def measure(bench: Bench) -> Answer:
    faces = faces_with_68_points(bench.truth)
    errors = face_errors(faces, our_meshes)
    found = errors[~np.isnan(errors)]
    median, mean = (float(np.median(found)), float(found.mean())) if len(found) else (np.nan, np.nan)
    return Answer(
        [
            Figure(label="found", value=len(found), unit=f"of {len(faces)}", digits=0, bar=Bar("≥", 43)),
            Figure(label="median", value=median, unit="%", bar=Bar("≤", 4.7)),
            Figure(label="mean", value=mean, unit="%", bar=Bar("≤", 5.8)),
        ],
        [
            {"picture": face.picture.name, "scheme": face.scheme, "found": not np.isnan(error), "nme_pct": float(error)}
            for face, error in zip(faces, errors, strict=True)
        ],
    )


def faces_with_68_points(truth: Truth) -> list[AnnotatedFace]:
    """Return the faces annotated with the 68 points of iBUG.

    Raises:
        NotThere: There are none.
    """
    faces = [face for face in truth.annotated_faces() if len(face.points) == len(IBUG_68)]
    if not faces:
        raise NotThere("photos_landmarks/ground_truth.json has no record of 68 points")
    return faces


def face_errors(faces: Sequence[AnnotatedFace], find: MeshFinder) -> npt.NDArray[np.float64]:
    """Return the error (N,) of each face in percent; NaN if it was not found."""
    return np.array([_face_error(face, find(face.picture)) for face in faces])


@cache
def our_meshes(picture: Path) -> npt.NDArray[np.float64]:
    return find_meshes(read_picture(picture), NUM_FACES)


def _face_error(face: AnnotatedFace, meshes: npt.NDArray[np.float64]) -> float:
    right, left = OUTER_EYE_CORNERS
    eyes = float(distances(face.points[right], face.points[left]))
    landmarks, points = IBUG_68[INNER], face.points[INNER]
    mesh = nearest_mesh(meshes, landmarks, points, max_distance=eyes / 2)
    return float(distances(mesh[list(landmarks)], points).mean() / eyes * 100) if mesh is not None else np.nan
