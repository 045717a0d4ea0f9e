"""How far a ``--precision`` below float32 moves the meshes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from bench import Bench, show_progress
from faces import clip_run, has_face
from facestream import DeviceError, FaceMeshPipeline, MeshOptions, iter_meshes
from geometry import drift_pct
from report import Answer, Figure
from truth import NotThere

TEXT = "difference of the meshes in less precision to those in float32"

CLIPS = ("carphone_qcif2997.mp4", "man_talking_360p30_short.mp4", "lp_s18.mp4", "actor_988px_8fps.mp4")
PRECISIONS = ("bf16", "fp16", "int8")


def measure(bench: Bench) -> Answer:
    rows: list[dict[str, Any]] = []
    notes = []
    for precision in PRECISIONS:
        try:
            pipeline = FaceMeshPipeline(device="cpu", precision=precision)
            pipeline.load_detector()
        except DeviceError as error:
            notes.append(f"{precision} not measured: {error}")
            continue
        for name in CLIPS:
            rows.append({"precision": precision, **_clip(bench.truth.clip(name), pipeline, precision)})
            show_progress(f"  {precision} {name}: median {rows[-1]['median_pct']:.3f} %")
    if not rows:
        raise NotThere("; ".join(notes))
    figures = []
    for precision in dict.fromkeys(row["precision"] for row in rows):
        own = [row for row in rows if row["precision"] == precision]
        figures += [
            Figure(label=f"{precision}: largest median", value=max(row["median_pct"] for row in own), unit="%"),
            Figure(label=f"{precision}: largest 99 %", value=max(row["p99_pct"] for row in own), unit="%"),
            Figure(
                label=f"{precision}: frames with a face in only one of the two",
                value=sum(row["frames_that_differ"] for row in own),
                unit=f"of {sum(row['frames'] for row in own)}",
                digits=0,
            ),
        ]
    return Answer(figures, rows, notes)


def _clip(path: Path, pipeline: FaceMeshPipeline, precision: str) -> dict[str, Any]:
    exact = clip_run(path).meshes
    less = np.full_like(exact, np.nan)
    for result in iter_meshes(path, MeshOptions(device="cpu", precision=precision, detect_every=1), pipeline=pipeline):
        if len(result):
            less[result.index] = result.meshes.landmarks[0, :, :2]
    drifts = [drift_pct(a, b) for a, b in zip(less, exact, strict=True) if has_face(a) and has_face(b)]
    return {
        "clip": path.name,
        "frames": len(exact),
        "frames_that_differ": sum(has_face(a) != has_face(b) for a, b in zip(less, exact, strict=True)),
        "median_pct": float(np.median(drifts)),
        "p99_pct": float(np.quantile(drifts, 0.99)),
    }
