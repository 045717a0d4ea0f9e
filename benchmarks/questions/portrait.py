"""MediaPipe's test portrait, compared with the points that MediaPipe expects."""

from __future__ import annotations

from bench import Bench
from faces import find_mesh, read_picture
from geometry import distances
from report import Answer, Bar, Figure

TEXT = "distance from MediaPipe's 468 golden points on its test portrait"


def measure(bench: Bench) -> Answer:
    gaps = distances(find_mesh(read_picture(bench.truth.portrait())), bench.truth.portrait_landmarks())
    return Answer(
        [
            Figure(label="max", value=float(gaps.max()), unit="px", bar=Bar("≤", 5)),
            Figure(label="mean", value=float(gaps.mean()), unit="px", bar=Bar("≤", 2)),
        ],
        [{"landmark": index, "distance_px": float(gap)} for index, gap in enumerate(gaps)],
    )
