#!/usr/bin/env python3
"""Make the sample clip ``samples/astronaut.mp4`` and its ground truth, ``samples/astronaut.json``.

    python tools/make_sample.py

A camera pans, zooms and rolls over scikit-image's picture of the astronaut Eileen Collins (NASA, public domain). For
each frame, the JSON has the 2 x 3 matrix that maps points of the picture to the frame, with pixel centres at +0.5, so
the correct landmarks of every frame follow from those of the picture. Needs the project's ``dev`` extra.
"""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
import skimage.data

FOLDER = Path(__file__).parents[1] / "samples"
SIZE = (480, 360)
RATE_HZ = 30
NUM_FRAMES = 150
FACE = (223.0, 118.0)
"""Centre of the face in the picture."""


def camera(index: int) -> npt.NDArray[np.float64]:
    """Return the matrix from the picture to frame ``index``: pan and roll oscillate; the zoom goes in and out once."""
    phase = 2 * math.pi * index / NUM_FRAMES
    zoom = 2.05 + 0.5 * math.sin(phase - math.pi / 2)
    roll = math.radians(22) * math.sin(2 * phase)
    center = (SIZE[0] / 2 + 70 * math.sin(phase), SIZE[1] / 2 - 12 + 20 * math.sin(3 * phase))
    cos, sin = zoom * math.cos(roll), zoom * math.sin(roll)
    linear = np.array([[cos, -sin], [sin, cos]])
    return np.column_stack([linear, center - linear @ FACE])


def render(picture: npt.NDArray[np.uint8], matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    """Render the picture as the camera sees it; OpenCV puts pixel centres at whole numbers."""
    indices = matrix.copy()
    indices[:, 2] += indices[:, 0] * 0.5 + indices[:, 1] * 0.5 - 0.5
    frame = cv2.warpAffine(picture, indices, SIZE, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return frame.astype(np.uint8, copy=False)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    picture = skimage.data.astronaut()  # type: ignore[no-untyped-call]
    matrices = [camera(index) for index in range(NUM_FRAMES)]
    with av.open(str(FOLDER / "astronaut.mp4"), "w", options={"movflags": "+faststart"}) as container:
        container.metadata["comment"] = "Made from NASA's public-domain portrait of Eileen Collins"
        stream = container.add_stream("libx264", rate=Fraction(RATE_HZ), options={"crf": "25", "preset": "veryslow"})
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        for matrix in matrices:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(render(picture, matrix), format="rgb24")))
        container.mux(stream.encode(None))
    truth = {
        "picture": "skimage.data.astronaut()",
        "size": SIZE,
        "rate_hz": RATE_HZ,
        "note": "matrices[k] @ (x, y, 1) of the picture is the point in frame k; pixel centres at +0.5",
        "matrices": [[[round(value, 6) for value in row] for row in matrix.tolist()] for matrix in matrices],
    }
    (FOLDER / "astronaut.json").write_text(json.dumps(truth, separators=(",", ":")) + "\n")
    print(f"astronaut.mp4: {(FOLDER / 'astronaut.mp4').stat().st_size} bytes, {NUM_FRAMES} frames")


if __name__ == "__main__":
    main()
