"""Real clips: do frames with a face have a mesh, and frames without a face none?"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench import Bench, show_progress
from faces import clip_meshes, has_face
from report import Answer, Bar, Figure
from truth import FaceRange

TEXT = "frames with a mesh, clip by clip"

FOUND = Bar("≥", 99.5)
FALSE = Bar("≤", 0.1)
"""In percent of the frames with a face, and of those without."""


def measure(bench: Bench) -> Answer:
    rows = []
    clips, missing = bench.truth.counted_clips()
    for number, (path, ranges) in enumerate(clips.items(), 1):
        started = time.perf_counter()
        rows.append(_clip(path, ranges))
        seconds = time.perf_counter() - started
        show_progress(f"  {number}/{len(clips)} {path.name}: {rows[-1]['frames_decoded']} frames in {seconds:.0f} s")
    return Answer(_figures(rows), rows, [f"{name} is not there" for name in missing])


def _figures(rows: Sequence[dict[str, Any]]) -> list[Figure]:
    num_with, num_found = (sum(row[name] for row in rows) for name in ("face_frames", "face_frames_found"))
    num_without, num_false = (sum(row[name] for row in rows) for name in ("no_face_frames", "no_face_frames_found"))
    return [
        Figure(
            label="face frames found in the worst clip",
            value=min((row["found_pct"] for row in rows if row["face_frames"]), default=np.nan),
            unit="%",
            bar=FOUND,
        ),
        Figure(
            label="no-face frames with a mesh in the worst clip",
            value=max((row["false_pct"] for row in rows if row["no_face_frames"]), default=np.nan),
            unit="%",
            bar=FALSE,
        ),
        Figure(label="face frames found in all", value=num_found, unit=f"of {num_with}", digits=0),
        Figure(label="no-face frames with a mesh in all", value=num_false, unit=f"of {num_without}", digits=0),
    ]


def _clip(path: Path, ranges: Sequence[FaceRange]) -> dict[str, Any]:
    """Return the figures of one clip; a frame that was not decoded has no mesh."""
    verdicts = [has_face(mesh) for mesh in clip_meshes(path)]
    found = set(np.flatnonzero(verdicts).tolist())
    with_face, without = set[int](), set[int]()
    for part in ranges:
        (with_face if part.num_faces else without).update(range(part.first, part.last + 1))
    found_pct = len(with_face & found) / len(with_face) * 100 if with_face else np.nan
    false_pct = len(without & found) / len(without) * 100 if without else np.nan
    return {
        "clip": path.name,
        "frames": len(with_face | without),
        "frames_decoded": len(verdicts),
        "face_frames": len(with_face),
        "face_frames_found": len(with_face & found),
        "found_pct": found_pct,
        "no_face_frames": len(without),
        "no_face_frames_found": len(without & found),
        "false_pct": false_pct,
        "holds": (not with_face or FOUND.holds(found_pct)) and (not without or FALSE.holds(false_pct)),
        "missed": sorted(with_face - found),
        "false": sorted(without & found),
    }
