"""The folder of truth: which part lies where, and its records as arrays."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["AnnotatedFace", "FaceRange", "NotThere", "Truth"]

FloatArray = npt.NDArray[np.float64]


class NotThere(Exception):  # noqa: N818 - it is no error: the question is skipped
    """Something that a question needs is not on this machine."""


@dataclass(frozen=True, slots=True, eq=False)
class AnnotatedFace:
    """A face of a photograph and the points that people set on it."""

    picture: Path
    scheme: str
    points: FloatArray
    """(N, 2) x, y in pixels, as the record has them."""


@dataclass(frozen=True, slots=True)
class FaceRange:
    """Frames of a clip that show the same number of faces."""

    first: int
    last: int
    """Belongs to the range."""
    num_faces: int


@dataclass(frozen=True, slots=True)
class Truth:
    """A folder of truth."""

    folder: Path

    def path(self, *names: str) -> Path:
        """The first of these parts that is there.

        Raises:
            NotThere: none of them is.
        """
        for name in names:
            if (self.folder / name).exists():
                return self.folder / name
        raise NotThere(f"the truth has no {' or '.join(names)}")

    def portrait(self) -> Path:
        return self.path("golden_mediapipe/portrait.jpg")

    def portrait_landmarks(self) -> FloatArray:
        """(468, 2) MediaPipe's expected points in pixels of the portrait."""
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
        """For each picture the boxes (N, 4) of its faces: left, top, width, height in pixels."""
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
        """For each clip, by its file name, how many faces its frames show."""
        clips = self._load("videos/face_counts.json", "derived/face_counts.json")["ranges"]
        return {name: [FaceRange(*values) for values in ranges] for name, ranges in clips.items()}

    def counted_clips(self) -> tuple[dict[Path, list[FaceRange]], list[str]]:
        """The clips of ``face_ranges`` that are there, and the names of those that are not.

        Raises:
            NotThere: none of them is.
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
        """For each frame of the affine clip that shows the face, how the portrait was moved.

        The matrices (2, 3) count pixel centres from 0, as OpenCV does: so the frames show it.
        """
        record = self._load("derived/pd_single_affine_640x480_30.json")
        return {
            index: np.array(matrix, dtype=np.float64)
            for index, (matrix, visible) in enumerate(zip(record["M"], record["visible"], strict=True))
            if visible
        }

    def _load(self, *names: str) -> Any:
        return json.loads(self.path(*names).read_text("utf-8"))
