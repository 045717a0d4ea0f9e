#!/usr/bin/env python3
"""Run MediaPipe's FaceMesh with tracking over a video read by OpenCV, as its users do, and print JSON.

    .peers/mediapipe/bin/python benchmarks/peers/mediapipe_video.py VIDEO

Needs only the ``mediapipe`` package. The JSON has the version, the number of frames, the number of frames with a face,
and the seconds from reading the first frame to the mesh of the last one.
"""

from __future__ import annotations

import json
import sys
import time

import cv2
import mediapipe


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} VIDEO")
    num_frames = num_with_face = 0
    with mediapipe.solutions.face_mesh.FaceMesh(static_image_mode=False, max_num_faces=1) as mesh:
        started = time.perf_counter()
        video = cv2.VideoCapture(sys.argv[1])
        while True:
            has_frame, image = video.read()
            if not has_frame:
                break
            num_frames += 1
            num_with_face += bool(mesh.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)).multi_face_landmarks)
        seconds = time.perf_counter() - started
    result = {"version": mediapipe.__version__, "frames": num_frames, "frames_with_face": num_with_face}
    json.dump({**result, "seconds": seconds}, sys.stdout)


if __name__ == "__main__":
    main()
