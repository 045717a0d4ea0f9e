"""``detect``, then ``mesh --boxes`` on its stream: are the meshes those of plain ``mesh``?"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from bench import Bench, show_progress
from faces import clip_run, has_face
from facestream import DetectOptions, MeshOptions, detect, extract
from geometry import drift_pct
from report import Answer, Bar, Figure
from truth import NotThere

TEXT = "difference of the meshes from boxes of detect to those of plain mesh, on each clip with one face"

SMALL_PCT = 0.5
OF_THIRD_PASS = 1.5
"""Limit of the median difference, whichever is larger: percent, or a multiple of how far a third pass moves it."""


def measure(bench: Bench) -> Answer:
    clips = [
        name
        for name, ranges in bench.truth.face_ranges().items()
        if {part.num_faces for part in ranges} in ({1}, {0, 1})
    ]
    rows = []
    for number, name in enumerate(clips, 1):
        try:
            path = bench.truth.clip(name)
        except NotThere:
            continue
        rows.append(_clip(path))
        show_progress(
            f"  {number}/{len(clips)} {name}: median {rows[-1]['median_pct']:.3f} %, a third pass moves the mesh by "
            f"{rows[-1]['third_pass_median_pct']:.3f} %, allowed {rows[-1]['allowed_pct']:.3f} %"
        )
    if not rows:
        raise NotThere("the truth has none of the clips in face_counts.json")
    worst = max(rows, key=lambda row: row["median_pct"] / row["allowed_pct"])
    return Answer(
        [
            Figure(
                label="median of the worst clip over what it may be",
                value=worst["median_pct"] / worst["allowed_pct"],
                bar=Bar("≤", 1),
            ),
            Figure(label="its median", value=worst["median_pct"], unit="%"),
            Figure(label="a third pass moves its mesh by", value=worst["third_pass_median_pct"], unit="%"),
            Figure(label="largest median", value=max(row["median_pct"] for row in rows), unit="%"),
            Figure(
                label="frames with a face in only one of the two",
                value=sum(row["frames_that_differ"] for row in rows),
                unit=f"of {sum(row['frames'] for row in rows)}",
                digits=0,
            ),
        ],
        rows,
    )


def _clip(path: Path) -> dict[str, Any]:
    plain = clip_run(path)
    with tempfile.TemporaryDirectory() as folder:
        boxes = Path(folder) / "boxes.stream"
        detect(path, boxes, DetectOptions(device="cpu"))
        extract(path, Path(folder) / "mesh.npz", MeshOptions(device="cpu", boxes=boxes, detect_every=1))
        with np.load(Path(folder) / "mesh.npz") as archive:
            from_boxes = archive["landmarks"][:, 0, :, :2].astype(np.float64)
    pairs = list(zip(from_boxes, plain.meshes, plain.third_pass, strict=True))
    both = [(mesh, reference, third) for mesh, reference, third in pairs if has_face(mesh) and has_face(reference)]
    drifts = [drift_pct(mesh, reference) for mesh, reference, _ in both]
    third_pass = [drift_pct(third, reference) for _, reference, third in both]
    allowed_pct = max(SMALL_PCT, OF_THIRD_PASS * float(np.median(third_pass)))
    return {
        "clip": path.name,
        "frames": len(pairs),
        "frames_with_both": len(both),
        "frames_that_differ": sum(has_face(mesh) != has_face(reference) for mesh, reference, _ in pairs),
        "median_pct": float(np.median(drifts)),
        "p99_pct": float(np.quantile(drifts, 0.99)),
        "third_pass_median_pct": float(np.median(third_pass)),
        "third_pass_p99_pct": float(np.quantile(third_pass, 0.99)),
        "allowed_pct": allowed_pct,
        "holds": float(np.median(drifts)) <= allowed_pct,
    }
