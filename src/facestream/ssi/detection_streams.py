"""Write boxes and keypoints as SSI streams."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from facestream.ssi.columns import (
    BOX_COLUMNS,
    BOX_MEDIA_TYPE,
    KEYPOINT_COLUMNS,
    KEYPOINT_MEDIA_TYPE,
    box_row,
    keypoint_row,
)
from facestream.ssi.stream_set import StreamSet
from facestream.structures import FrameDetections

__all__ = ["DetectionStreamWriter"]


class DetectionStreamWriter(StreamSet):
    """Writes a stream of boxes (5 columns) and one of keypoints (13 columns)."""

    def __init__(self, box_path: Path, keypoint_path: Path, *, repeat_last: bool) -> None:
        super().__init__(
            (box_path, keypoint_path), (BOX_COLUMNS, KEYPOINT_COLUMNS), (BOX_MEDIA_TYPE, KEYPOINT_MEDIA_TYPE)
        )
        self._repeats = repeat_last
        self._absent_box = np.zeros(BOX_COLUMNS, dtype=np.float32)
        if repeat_last:
            # Before the first face the box is the whole frame, as in DISCOVER's module.
            self._absent_box[2:4] = 1.0
        self._absent_keypoints = np.zeros(KEYPOINT_COLUMNS, dtype=np.float32)

    def write(self, result: FrameDetections) -> None:
        box, keypoints = self._absent_box, self._absent_keypoints
        if len(result):
            faces = result.detections
            score = float(faces.scores[0])
            box = box_row(faces.boxes[0], score, result.size)
            keypoints = keypoint_row(faces.keypoints[0], score, result.size)
            if self._repeats:
                self._absent_box[:-1] = box[:-1]
                self._absent_keypoints[:-1] = keypoints[:-1]
        self.append((box, keypoints), result.size)
