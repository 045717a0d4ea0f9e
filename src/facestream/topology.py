"""Which landmark is where. Left and right are the subject's: their right eye is at the left of the picture.

The indices are facts of the FaceMesh model; groups and edges are those of mediapipe 0.10.21
(``face_mesh_connections.py``, Apache-2.0, Google LLC).
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources

__all__ = ["CONTOURS", "IBUG_68", "NUM_LANDMARKS", "tessellation_edges"]

NUM_LANDMARKS = 468

NOSE_TIP = 4
RIGHT_EYE_OUTER_CORNER = 33
LEFT_EYE_OUTER_CORNER = 263

Path = tuple[int, ...]
"""Landmarks to connect in order; closed if the last one is the first."""

FACE_OVAL: Path = (
    10, 109, 67, 103, 54, 21, 162, 127, 234, 93, 132, 58, 172, 136, 150, 149, 176, 148,
    152, 377, 400, 378, 379, 365, 397, 288, 361, 323, 454, 356, 389, 251, 284, 332, 297, 338, 10,
)  # fmt: skip
LIPS_OUTER: Path = (0, 37, 39, 40, 185, 61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0)
LIPS_INNER: Path = (13, 82, 81, 80, 191, 78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13)
LEFT_EYE: Path = (249, 263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249)
RIGHT_EYE: Path = (7, 33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7)
LEFT_EYEBROW_UPPER: Path = (300, 293, 334, 296, 336)
LEFT_EYEBROW_LOWER: Path = (276, 283, 282, 295, 285)
RIGHT_EYEBROW_UPPER: Path = (70, 63, 105, 66, 107)
RIGHT_EYEBROW_LOWER: Path = (46, 53, 52, 65, 55)
NOSE_BRIDGE: Path = (168, 6, 197, 195, 5, 4, 1, 19, 94, 2)
NOSTRILS: Path = (2, 97, 98, 64, 48, 115, 220, 45, 4, 275, 440, 344, 278, 294, 327, 326, 2)

CONTOURS: dict[str, Path] = {
    "face_oval": FACE_OVAL,
    "lips_outer": LIPS_OUTER,
    "lips_inner": LIPS_INNER,
    "left_eye": LEFT_EYE,
    "right_eye": RIGHT_EYE,
    "left_eyebrow_upper": LEFT_EYEBROW_UPPER,
    "left_eyebrow_lower": LEFT_EYEBROW_LOWER,
    "right_eyebrow_upper": RIGHT_EYEBROW_UPPER,
    "right_eyebrow_lower": RIGHT_EYEBROW_LOWER,
    "nose_bridge": NOSE_BRIDGE,
    "nostrils": NOSTRILS,
}
"""The contours of a face, by name."""

IBUG_68: Path = (
    162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389,
    71, 63, 105, 66, 107, 336, 296, 334, 293, 301,
    168, 197, 5, 4, 75, 97, 2, 326, 305,
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87,
)  # fmt: skip
"""The landmark nearest to each of the 68 iBUG points, as in common public use, not an official mapping.

The 17 points of the jaw and the brows are defined differently there; compare the inner points 27 to 67 only.
"""


@cache
def tessellation_edges() -> tuple[tuple[int, int], ...]:
    """The 1,322 edges of the triangulation of all landmarks, each once."""
    text = (resources.files("facestream") / "tessellation.json").read_text("utf-8")
    return tuple((first, second) for first, second in json.loads(text))
