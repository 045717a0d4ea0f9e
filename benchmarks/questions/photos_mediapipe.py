"""Photographed faces that MediaPipe also finds: whose points are closer to the annotations?"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench import ROOT, Bench, show_progress
from faces import read_picture
from questions.photos import face_errors, faces_with_68_points, our_meshes
from report import Answer, Bar, Figure
from truth import NotThere

TEXT = "the same on the faces that MediaPipe FaceMesh finds too"

MAX_MEAN_PCT = 1.1 * 6.22
"""At most a tenth above MediaPipe's own mean error on these faces, as measured when the limit was set."""

PROGRAM = ROOT / "benchmarks" / "peers" / "mediapipe_faces.py"


def measure(bench: Bench) -> Answer:
    faces = faces_with_68_points(bench.truth)
    peer_meshes, version = _run_mediapipe(bench.peer_python, sorted({face.picture for face in faces}))
    ours = face_errors(faces, our_meshes)
    theirs = face_errors(faces, peer_meshes.__getitem__)
    found_by_peer = ~np.isnan(theirs)
    both = found_by_peer & ~np.isnan(ours)
    if not both.any():
        return Answer([Figure(label="found by both", value=0, digits=0, bar=Bar("≥", 1))])
    return Answer(
        [
            Figure(label="found by MediaPipe", value=int(found_by_peer.sum()), unit=f"of {len(faces)}", digits=0),
            Figure(label="found by both", value=int(both.sum()), digits=0),
            Figure(label="our mean", value=float(ours[both].mean()), unit="%", bar=Bar("≤", MAX_MEAN_PCT)),
            Figure(label="our median", value=float(np.median(ours[both])), unit="%", bar=Bar("≤", 4.0)),
            Figure(label="MediaPipe's mean", value=float(theirs[both].mean()), unit="%"),
            Figure(label="MediaPipe's median", value=float(np.median(theirs[both])), unit="%"),
        ],
        [
            {"picture": face.picture.name, "ours_pct": float(our), "mediapipe_pct": float(their)}
            for face, our, their in zip(faces, ours, theirs, strict=True)
        ],
        [f"MediaPipe {version}: FaceMesh, static_image_mode, max_num_faces=10, its default confidences"],
    )


def _run_mediapipe(python: Path, pictures: Sequence[Path]) -> tuple[dict[Path, npt.NDArray[np.float64]], str]:
    """Return MediaPipe's meshes (N, 468, 2) for each picture, in pixels, and its version."""
    if not python.exists():
        raise NotThere("MediaPipe is not installed (benchmarks/peers/install.sh mediapipe)")
    run = subprocess.run([python, PROGRAM, *pictures], capture_output=True, text=True, check=False)
    if run.returncode:
        show_progress(run.stderr)
        raise NotThere(f"MediaPipe ended with status {run.returncode}")
    answer = json.loads(run.stdout)
    meshes = {}
    for picture, faces in zip(pictures, answer["faces"], strict=True):
        height, width = read_picture(picture).shape[:2]
        meshes[picture] = np.array(faces, dtype=np.float64).reshape(-1, 468, 2) * (width, height)
    return meshes, str(answer["version"])
