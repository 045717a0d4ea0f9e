"""Pictures from WIDER FACE: which annotated faces get a mesh, and which meshes are on none of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench import Bench
from faces import find_meshes, read_picture
from geometry import distances, mesh_center
from report import Answer, Figure

TEXT = "faces found in pictures of WIDER FACE"

NUM_FACES = 20


def measure(bench: Bench) -> Answer:
    rows = [_picture(picture, boxes) for picture, boxes in bench.truth.boxed_pictures().items()]
    num_faces, num_found, num_false = (sum(row[name] for row in rows) for name in ("faces", "found", "false_meshes"))
    return Answer(
        [
            Figure(label="found", value=num_found, unit=f"of {num_faces}", digits=0),
            Figure(label="share", value=num_found / num_faces * 100, unit="%", digits=1),
            Figure(label="false meshes a picture", value=num_false / len(rows)),
        ],
        rows,
        ["found: the centre of a mesh's box is nearer to that of the face's box than half of its longer side"],
    )


def _picture(picture: Path, boxes: npt.NDArray[np.float64]) -> dict[str, Any]:
    meshes = find_meshes(read_picture(picture), NUM_FACES)
    centers = np.array([mesh_center(mesh) for mesh in meshes]).reshape(-1, 1, 2)
    gaps = distances(centers, boxes[:, :2] + boxes[:, 2:] / 2)
    matches = gaps <= boxes[:, 2:].max(axis=1) / 2
    return {
        "picture": picture.name,
        "faces": len(boxes),
        "found": int(matches.any(axis=0).sum()),
        "false_meshes": int((~matches.any(axis=1)).sum()),
    }
