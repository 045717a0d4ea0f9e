#!/usr/bin/env python3
"""Run MediaPipe's FaceMesh on pictures and print the faces as JSON.

    .peers/mediapipe/bin/python benchmarks/peers/mediapipe_faces.py PICTURE...

Needs only the ``mediapipe`` package; ``benchmarks/peers/install.sh mediapipe`` creates an environment for it. The JSON
has the version and, in ``faces``, the faces of each picture in the given order: 468 points x, y each, as fractions of
the upright picture.
"""

from __future__ import annotations

import json
import sys

import cv2
import mediapipe

MAX_FACES = 10


def main() -> None:
    pictures = sys.argv[1:]
    if not pictures:
        sys.exit(f"usage: {sys.argv[0]} PICTURE...")
    faces = []
    with mediapipe.solutions.face_mesh.FaceMesh(static_image_mode=True, max_num_faces=MAX_FACES) as mesh:
        for picture in pictures:
            image = cv2.imread(picture)
            if image is None:
                sys.exit(f"{picture}: cannot be read")
            found = mesh.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)).multi_face_landmarks or []
            faces.append([[(point.x, point.y) for point in face.landmark] for face in found])
    json.dump({"version": mediapipe.__version__, "faces": faces}, sys.stdout)


if __name__ == "__main__":
    main()
