"""Boxes and keypoints as SSI streams."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from facestream.io.columns import (
    BOX_COLUMNS,
    BOX_MEDIA_TYPE,
    KEYPOINT_COLUMNS,
    KEYPOINT_MEDIA_TYPE,
    box_row,
    keypoint_row,
)
from facestream.io.stream_set import StreamSet
from facestream.structures import FrameDetections

__all__ = ["DetectionStreamWriter"]


class DetectionStreamWriter(StreamSet):
    """A stream of boxes (5 columns) and one of keypoints (13 columns), or one of them."""

    def __init__(self, box_path: Path | None, keypoint_path: Path | None, *, repeat_last: bool) -> None:
        wanted = [
            (path, columns, media_type)
            for path, columns, media_type in (
                (box_path, BOX_COLUMNS, BOX_MEDIA_TYPE),
                (keypoint_path, KEYPOINT_COLUMNS, KEYPOINT_MEDIA_TYPE),
            )
            if path
        ]
        super().__init__([w[0] for w in wanted], [w[1] for w in wanted], [w[2] for w in wanted])
        self._has_boxes, self._has_keypoints = box_path is not None, keypoint_path is not None
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
        rows = [box] * self._has_boxes + [keypoints] * self._has_keypoints
        self.append(rows, result.size)
