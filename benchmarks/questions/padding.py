"""A picture between black bars: does the mesh stay in place?"""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from bench import Bench
from faces import find_mesh
from geometry import drift_pct
from questions.stills import still_pictures
from report import Answer, Bar, Figure

TEXT = "drift of the mesh when a picture is padded to another shape"

SHAPES = {"16:9": 16 / 9, "9:16": 9 / 16}
"""Width divided by height."""


def measure(bench: Bench) -> Answer:
    rows, figures = [], []
    for name, image in still_pictures(bench).items():
        bare = find_mesh(image)
        for shape, aspect in SHAPES.items():
            padded, offset = _pad(image, aspect)
            drift = drift_pct(find_mesh(padded) - offset, bare)
            rows.append({"picture": name, "shape": shape, "drift_pct": drift})
            figures.append(Figure(label=f"{name} {shape}", value=drift, unit="%", bar=Bar("<", 1)))
    return Answer(figures, rows)


def _pad(image: npt.NDArray[np.uint8], aspect: float) -> tuple[npt.NDArray[np.uint8], tuple[int, int]]:
    """Centre the image between black bars; return it and its offset x, y."""
    height, width = image.shape[:2]
    extra_x = max(0, math.ceil(height * aspect) - width)
    extra_y = max(0, math.ceil(width / aspect) - height)
    left, top = extra_x // 2, extra_y // 2
    padded = cv2.copyMakeBorder(image, top, extra_y - top, left, extra_x - left, cv2.BORDER_CONSTANT, value=(0, 0, 0))
    return np.asarray(padded, dtype=np.uint8), (left, top)
