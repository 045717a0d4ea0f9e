#!/usr/bin/env python3
"""MediaPipe's FaceMesh with tracking over a video that OpenCV reads, as its users run it; JSON on the standard output.

    .peers/mediapipe/bin/python benchmarks/peers/mediapipe_video.py VIDEO

Needs nothing but the ``mediapipe`` package. The JSON has the version, the number of frames and of those with a face,
and the seconds from the first frame's reading to the last one's mesh.
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
            is_there, image = video.read()
            if not is_there:
                break
            num_frames += 1
            num_with_face += bool(mesh.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)).multi_face_landmarks)
        seconds = time.perf_counter() - started
    told = {"version": mediapipe.__version__, "frames": num_frames, "frames_with_face": num_with_face}
    json.dump({**told, "seconds": seconds}, sys.stdout)


if __name__ == "__main__":
    main()
