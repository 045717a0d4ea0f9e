"""Files with rotation metadata: a clip's display matrix and a picture's EXIF orientation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench import Bench
from faces import clip_meshes, find_mesh, has_face
from geometry import drift_pct
from questions.stills import astronaut
from report import Answer, Bar, Figure

TEXT = "distance from the mesh of the upright original in files that their header turns"

UPRIGHT_CLIP = "shippable/cc_by_4_intel/asl_walk.mkv"
TURNED_CLIPS = {
    "display matrix 90": "derived/asl_walk_displaymatrix_90.mp4",
    "display matrix 180": "derived/asl_walk_displaymatrix_180.mp4",
}
TURNED_PICTURE = "derived/astronaut_exif_orientation6.jpg"


def measure(bench: Bench) -> Answer:
    upright = list(clip_meshes(bench.truth.path(UPRIGHT_CLIP)))
    rows = {label: _compare(bench.truth.path(name), upright) for label, name in TURNED_CLIPS.items()}
    rows["EXIF picture"] = _compare(bench.truth.path(TURNED_PICTURE), [find_mesh(astronaut())])
    figures = []
    for label, row in rows.items():
        figures.append(Figure(label=f"{label}: mean", value=row["mean_pct"], unit="%", bar=Bar("<", 2.5)))
        share = row["frames_with_face"] / row["frames"] * 100
        figures.append(Figure(label=f"{label}: frames with a face", value=share, unit="%", digits=1))
    return Answer(figures, list(rows.values()))


def _compare(path: Path, upright: Sequence[npt.NDArray[np.float64]]) -> dict[str, Any]:
    """Compare frame by frame; frames without a face in one of the two are not included in the mean."""
    turned = list(clip_meshes(path))
    drifts = [
        drift_pct(mesh, reference)
        for mesh, reference in zip(turned, upright, strict=True)
        if has_face(mesh) and has_face(reference)
    ]
    return {
        "file": path.name,
        "frames": len(turned),
        "frames_with_face": sum(map(has_face, turned)),
        "frames_with_face_upright": sum(map(has_face, upright)),
        "mean_pct": float(np.mean(drifts)) if drifts else np.nan,
        "max_pct": max(drifts, default=np.nan),
    }
