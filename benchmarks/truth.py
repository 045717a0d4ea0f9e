"""Access to the folder of ground truth: its files, and its records as arrays."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["AnnotatedFace", "FaceRange", "NotThere", "Truth"]

FloatArray = npt.NDArray[np.float64]


class NotThere(Exception):  # noqa: N818 - not an error: the question is skipped
    """Something that a question needs is missing on this machine."""


@dataclass(frozen=True, slots=True, eq=False)
class AnnotatedFace:
    """A face in a photograph and its manually annotated points."""

    picture: Path
    scheme: str
    points: FloatArray
    """(N, 2) x, y in pixels, as recorded."""


@dataclass(frozen=True, slots=True)
class FaceRange:
    """A range of frames that show the same number of faces."""

    first: int
    last: int
    """The last frame, inclusive."""
    num_faces: int


@dataclass(frozen=True, slots=True)
class Truth:
    """A folder of ground truth."""

    folder: Path

    def path(self, *names: str) -> Path:
        """Return the first of these paths that exists.

        Raises:
            NotThere: None of them exists.
        """
        for name in names:
            if (self.folder / name).exists():
                return self.folder / name
        raise NotThere(f"the truth has no {' or '.join(names)}")

    def portrait(self) -> Path:
        return self.path("golden_mediapipe/portrait.jpg")

    def portrait_landmarks(self) -> FloatArray:
        """Return MediaPipe's expected points (468, 2) in pixels of the portrait."""
        golden = self._load("golden_mediapipe/portrait_golden.json")
        fractions = np.array(golden["face_landmarks_468_normalized_xy"]["points"], dtype=np.float64)
        return fractions * np.array([golden["image_width"], golden["image_height"]], dtype=np.float64)

    def annotated_faces(self) -> list[AnnotatedFace]:
        records = self._load("photos_landmarks/ground_truth.json")["records"]
        return [
            AnnotatedFace(
                self.path(f"photos_landmarks/{record['image']}"),
                record["scheme"],
                np.array(record["points"], dtype=np.float64),
            )
            for record in records
        ]

    def boxed_pictures(self) -> dict[Path, FloatArray]:
        """Return the face boxes (N, 4) of each picture: left, top, width, height in pixels."""
        pictures = self._load("photos_bbox_wider_val/ground_truth.json")["images"]
        return {
            self.path(f"photos_bbox_wider_val/{name}"): np.array(
                [face["box"] for face in picture["faces"]], dtype=np.float64
            ).reshape(-1, 4)
            for name, picture in pictures.items()
        }

    def pictures_without_face(self) -> list[Path]:
        pictures = sorted(self.path("photos_misc").glob("noface_*"))
        if not pictures:
            raise NotThere("the truth has no photos_misc/noface_*")
        return pictures

    def face_ranges(self) -> dict[str, list[FaceRange]]:
        """Return the number of faces in the frames of each clip, by file name."""
        clips = self._load("videos/face_counts.json", "derived/face_counts.json")["ranges"]
        return {name: [FaceRange(*values) for values in ranges] for name, ranges in clips.items()}

    def counted_clips(self) -> tuple[dict[Path, list[FaceRange]], list[str]]:
        """Return the clips of ``face_ranges`` that exist, and the names of those that do not.

        Raises:
            NotThere: None of them exists.
        """
        there, missing = dict[Path, list[FaceRange]](), list[str]()
        for name, ranges in self.face_ranges().items():
            try:
                there[self.clip(name)] = ranges
            except NotThere:
                missing.append(name)
        if not there:
            raise NotThere("the truth has none of the clips in face_counts.json")
        return there, missing

    def clip(self, name: str) -> Path:
        return self.path(f"videos/{name}", f"derived/{name}")

    def affine_matrices(self) -> dict[int, FloatArray]:
        """Return how the portrait was moved in each frame of the affine clip that shows the face.

        The matrices (2, 3) assume pixel centres at 0, as in OpenCV, which matches the frames.
        """
        record = self._load("derived/pd_single_affine_640x480_30.json")
        return {
            index: np.array(matrix, dtype=np.float64)
            for index, (matrix, visible) in enumerate(zip(record["M"], record["visible"], strict=True))
            if visible
        }

    def _load(self, *names: str) -> Any:
        return json.loads(self.path(*names).read_text("utf-8"))
