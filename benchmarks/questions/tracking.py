"""The accuracy cost of tracking: ``--detect-every auto`` compared with per-frame mode, clip by clip."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench import Bench, show_progress
from faces import clip_run, has_face, tracked_meshes
from geometry import drift_pct, from_index_matrix, move_points
from questions.affine import CLIP as AFFINE_CLIP
from report import Answer, Bar, Figure
from truth import NotThere

TEXT = "--detect-every auto against per-frame mode, as a share of what is allowed for each clip"

MEDIAN_TIMES, MEDIAN_PCT = 1.5, 0.5
P99_TIMES, P99_PCT = 2.0, 3.0
"""Allowed difference: a multiple of how far a third pass moves the per-frame mesh, or percent of the eye distance,
whichever is more."""

SEVERAL_FACES = ("chaplin_bw_360p25.mp4", "crowd_1080p25_facenet.mp4", "nasa_jwst_180p25.mp4")
"""Clips in which the most prominent face keeps changing: only the presence of a face is compared."""

JITTER = Bar("≤", 1.2)
SAME_FACES = Bar("≥", 99.5)
AFFINE = Bar("≤", 0.3)
WITHIN = Bar("≤", 1.0)

FloatArray = npt.NDArray[np.float64]


def measure(bench: Bench) -> Answer:
    rows = []
    clips, missing = bench.truth.counted_clips()
    for number, path in enumerate(clips, 1):
        rows.append(_clip(path))
        show_progress(f"  {number}/{len(clips)} {path.name}")
    crowded = []
    for name in SEVERAL_FACES:
        try:
            crowded.append(_compare(bench.truth.clip(name)))
        except NotThere:
            missing.append(name)
        show_progress(f"  {name}")
    figures = [*_figures(rows), _affine(bench)]
    if crowded:
        figures.append(_same_faces("clips with several faces", crowded))
    return Answer(figures, rows + crowded, [f"{name} is not there" for name in missing])


def _figures(rows: Sequence[dict[str, Any]]) -> list[Figure]:
    measured = [row for row in rows if "median_pct" in row]
    return [
        Figure(
            label="median, in the worst clip",
            value=max(row["median_pct"] / row["allowed_median_pct"] for row in measured),
            unit="of what is allowed",
            bar=WITHIN,
        ),
        Figure(
            label="99th percentile, in the worst clip",
            value=max(row["p99_pct"] / row["allowed_p99_pct"] for row in measured),
            unit="of what is allowed",
            bar=WITHIN,
        ),
        Figure(
            label="jitter, in the worst clip",
            value=max(row["jitter_times"] for row in measured),
            unit="times that of per-frame mode",
            bar=JITTER,
        ),
        _same_faces("clips with one face or none", rows),
    ]


def _same_faces(clips: str, rows: Sequence[dict[str, Any]]) -> Figure:
    return Figure(
        label=f"{clips}: frames that are equal in face or no face, in the worst clip",
        value=min(row["same_pct"] for row in rows),
        unit="%",
        bar=SAME_FACES,
    )


def _compare(path: Path) -> dict[str, Any]:
    """Compare only whether each frame has a face."""
    exact, tracked = ([has_face(mesh) for mesh in meshes] for meshes in (clip_run(path).meshes, tracked_meshes(path)))
    return {"clip": path.name, "frames": len(tracked), "same_pct": float(np.equal(exact, tracked).mean() * 100)}


def _clip(path: Path) -> dict[str, Any]:
    row = _compare(path)
    exact, tracked = clip_run(path), tracked_meshes(path)
    before, now = ([has_face(mesh) for mesh in meshes] for meshes in (exact.meshes, tracked))
    is_in_both = np.logical_and(before, now)
    shown = np.flatnonzero(is_in_both)
    if not len(shown):
        return row
    own = np.array([drift_pct(exact.third_pass[k], exact.meshes[k]) for k in shown])
    drifts = np.array([drift_pct(tracked[k], exact.meshes[k]) for k in shown])
    both = np.where(is_in_both[:, None, None], [exact.meshes, tracked], np.nan)
    return row | {
        "third_pass_median_pct": float(np.median(own)),
        "third_pass_p99_pct": float(np.quantile(own, 0.99)),
        "median_pct": float(np.median(drifts)),
        "allowed_median_pct": max(MEDIAN_PCT, MEDIAN_TIMES * float(np.median(own))),
        "p99_pct": float(np.quantile(drifts, 0.99)),
        "allowed_p99_pct": max(P99_PCT, P99_TIMES * float(np.quantile(own, 0.99))),
        "jitter_times": _jitter(both[1]) / _jitter(both[0]),
    }


def _jitter(meshes: FloatArray) -> float:
    """Return the mean second difference from frame to frame, in pixels, without frames that have no face."""
    return float(np.nanmean(np.linalg.norm(np.diff(meshes, 2, axis=0), axis=-1)))


def _affine(bench: Bench) -> Figure:
    """Compare with the recorded truth instead of per-frame mode."""
    golden, matrices = bench.truth.portrait_landmarks(), bench.truth.affine_matrices()
    path = bench.truth.path(AFFINE_CLIP)
    errors = []
    for meshes in (tracked_meshes(path), clip_run(path).meshes):
        shown = [k for k in matrices if k < len(meshes) and has_face(meshes[k])]
        errors.append(np.mean([drift_pct(meshes[k], _moved(golden, matrices[k])) for k in shown]))
    return Figure(
        label="affine clip, error above that of per-frame mode",
        value=float(errors[0] - errors[1]),
        unit="points",
        bar=AFFINE,
    )


def _moved(golden: FloatArray, matrix: FloatArray) -> FloatArray:
    return move_points(golden, from_index_matrix(matrix))
