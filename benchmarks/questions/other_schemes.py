"""Photographed faces annotated in other schemes, compared by the eye and mouth corners that all schemes have."""

from __future__ import annotations

from statistics import mean

import numpy as np

from bench import Bench
from geometry import distances, nearest_mesh
from questions.photos import our_meshes
from report import Answer, Figure
from truth import AnnotatedFace, NotThere

TEXT = "error of the corners of eyes and mouth on faces with points of other schemes"

CORNERS = (33, 133, 362, 263, 61, 291)
"""From the subject's side: right eye, outer and inner; left eye, inner and outer; mouth, right and left."""

SCHEMES = {
    "wflw98": (60, 64, 68, 72, 76, 82),
    "lapa106": (66, 70, 75, 79, 84, 90),
    "cofw29": (8, 10, 11, 9, 22, 23),
    "aflw19": (6, 8, 9, 11, 15, 17),
}
"""The same corners in the other schemes.

They agree with the outer eye corners that MMPose 1.0 uses for normalisation and with its left-right pairs
(``mmpose/evaluation/metrics/keypoint_2d_metrics.py``, ``configs/_base_/datasets``), and were checked on the pictures.
"""

RIGHT_EYE, LEFT_EYE = 0, 3


def measure(bench: Bench) -> Answer:
    faces = [face for face in bench.truth.annotated_faces() if face.scheme in SCHEMES]
    if not faces:
        raise NotThere(f"photos_landmarks/ground_truth.json has no record of {', '.join(SCHEMES)}")
    errors = [_corner_error(face) for face in faces]
    rows = [
        {"picture": face.picture.name, "scheme": face.scheme, "error_pct": error}
        for face, error in zip(faces, errors, strict=True)
    ]
    figures = []
    for scheme in dict.fromkeys(face.scheme for face in faces):
        of_scheme = [error for face, error in zip(faces, errors, strict=True) if face.scheme == scheme]
        found = [error for error in of_scheme if not np.isnan(error)]
        value = mean(found) if found else np.nan
        figures.append(Figure(label=f"{scheme} (found {len(found)} of {len(of_scheme)})", value=value, unit="%"))
    return Answer(figures, rows)


def _corner_error(face: AnnotatedFace) -> float:
    """Return the mean distance of the corners in percent of the eye distance; NaN if the face was not found."""
    points = face.points[list(SCHEMES[face.scheme])]
    eyes = float(distances(points[RIGHT_EYE], points[LEFT_EYE]))
    mesh = nearest_mesh(our_meshes(face.picture), CORNERS, points, max_distance=eyes / 2)
    return float(distances(mesh[list(CORNERS)], points).mean() / eyes * 100) if mesh is not None else np.nan
