"""A picture with non-square pixels: is the mesh at the same relative positions?"""

from __future__ import annotations

import cv2
import numpy as np

from bench import Bench
from faces import find_mesh
from geometry import drift_pct
from questions.stills import still_pictures
from report import Answer, Bar, Figure

TEXT = "drift of the mesh when a picture is stored with pixels of the shape 3:4"

PIXEL_ASPECT = 3 / 4


def measure(bench: Bench) -> Answer:
    rows, figures = [], []
    for name, image in still_pictures(bench).items():
        height, width = image.shape[:2]
        stretched_width = round(width / PIXEL_ASPECT)
        stretched = cv2.resize(image, (stretched_width, height), interpolation=cv2.INTER_CUBIC)
        mesh = find_mesh(np.asarray(stretched, dtype=np.uint8), PIXEL_ASPECT) * (width / stretched_width, 1)
        drift = drift_pct(mesh, find_mesh(image))
        rows.append({"picture": name, "drift_pct": drift})
        figures.append(Figure(label=name, value=drift, unit="%", bar=Bar("<", 0.5)))
    return Answer(figures, rows)
