"""Accuracy on a clip made from the portrait, which is moved by a known matrix in each frame."""

from __future__ import annotations

import numpy as np

from bench import Bench
from faces import clip_meshes, has_face
from geometry import drift_pct, from_index_matrix, move_points
from report import Answer, Bar, Figure

TEXT = "distance from the portrait's golden points in a clip that turns, zooms and moves it"

CLIP = "derived/pd_single_affine_640x480_30.mp4"


def measure(bench: Bench) -> Answer:
    golden = bench.truth.portrait_landmarks()
    matrices = bench.truth.affine_matrices()
    meshes = dict(enumerate(clip_meshes(bench.truth.path(CLIP))))
    found = [index for index in matrices if index in meshes and has_face(meshes[index])]
    rows = [
        {"frame": index, "drift_pct": drift_pct(meshes[index], move_points(golden, from_index_matrix(matrices[index])))}
        for index in found
    ]
    drifts = [row["drift_pct"] for row in rows]
    return Answer(
        [
            Figure(label="mean", value=float(np.mean(drifts)) if drifts else np.nan, unit="%", bar=Bar("<", 2.5)),
            Figure(label="worst frame", value=max(drifts, default=np.nan), unit="%"),
            Figure(label="face frames found", value=len(found), unit=f"of {len(matrices)}", digits=0),
        ],
        rows,
    )
