"""A picture rotated about its face: does the mesh rotate with it?"""

from __future__ import annotations

import numpy as np

from bench import Bench
from faces import find_mesh
from geometry import drift_pct, mesh_center, move_image, move_points, turn_matrix
from questions.stills import still_pictures
from report import Answer, Bar, Figure

TEXT = "drift of the mesh when a picture is turned by up to 45 degrees"

ANGLES_DEG = range(-45, 46, 5)


def measure(bench: Bench) -> Answer:
    rows, figures = [], []
    for name, image in still_pictures(bench).items():
        upright = find_mesh(image)
        center = mesh_center(upright)
        drifts = []
        for angle in ANGLES_DEG:
            turned = find_mesh(move_image(image, turn_matrix(center, angle)))
            drifts.append(drift_pct(move_points(turned, turn_matrix(center, -angle)), upright))
            rows.append({"picture": name, "angle_deg": angle, "drift_pct": drifts[-1]})
        figures.append(Figure(label=f"{name} worst", value=float(np.max(drifts)), unit="%", bar=Bar("<", 3)))
    return Answer(figures, rows)
