"""What travels between the rooms: frozen dataclasses of arrays, checked at birth.

Coordinates are x before y, float pixels of the upright source frame, pixel centres at +0.5. Zero faces is a
zero-length array, never ``None``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from facestream.images import Image, YuvImage
from facestream.topology import NUM_LANDMARKS

__all__ = [
    "Detections",
    "FaceMeshes",
    "FaceRois",
    "Frame",
    "FrameDetections",
    "FrameMeshes",
    "Progress",
    "StageTime",
    "Summary",
    "VideoInfo",
]

FloatArray = npt.NDArray[np.floating[Any]]


def _check_shape(name: str, array: npt.NDArray[Any], *shape: int) -> None:
    if array.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, not {array.shape}")


def _shapes(owner: object, *names: str) -> str:
    arrays = ", ".join(f"{name}={getattr(owner, name).shape}" for name in names)
    return f"{type(owner).__name__}({arrays})"


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """Faces that the detector found in one frame."""

    boxes: FloatArray
    """(N, 4) left, top, right, bottom in pixels."""
    keypoints: FloatArray
    """(N, 6, 2) x, y in pixels: the subject's right eye, left eye, nose tip, mouth, right ear, left ear; NaN where only
    boxes are known."""
    scores: FloatArray
    """(N,) in [0, 1]; NaN where they are not known."""

    def __post_init__(self) -> None:
        _check_shape("boxes", self.boxes, len(self), 4)
        _check_shape("keypoints", self.keypoints, len(self), 6, 2)
        _check_shape("scores", self.scores, len(self))

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, index: npt.NDArray[Any] | slice) -> Detections:
        return Detections(self.boxes[index], self.keypoints[index], self.scores[index])

    def __repr__(self) -> str:
        return _shapes(self, "boxes", "keypoints", "scores")


@dataclass(frozen=True, slots=True, eq=False)
class FaceRois:
    """Turned squares, in display pixels: x is stretched by the pixel aspect, so that a square is one on the screen."""

    centers: FloatArray
    """(N, 2) x, y."""
    sides: FloatArray
    """(N,) length of a side."""
    angles_rad: FloatArray
    """(N,) clockwise turn on the screen, from the frame's x axis to the roi's."""

    def __post_init__(self) -> None:
        _check_shape("centers", self.centers, len(self), 2)
        _check_shape("sides", self.sides, len(self))
        _check_shape("angles_rad", self.angles_rad, len(self))

    def __len__(self) -> int:
        return len(self.centers)

    def __getitem__(self, index: npt.NDArray[Any] | slice) -> FaceRois:
        return FaceRois(self.centers[index], self.sides[index], self.angles_rad[index])

    def replace(self, index: npt.NDArray[np.intp], others: FaceRois) -> FaceRois:
        """These with others at the given places."""
        rois = FaceRois(self.centers.copy(), self.sides.copy(), self.angles_rad.copy())
        rois.centers[index], rois.sides[index], rois.angles_rad[index] = others.centers, others.sides, others.angles_rad
        return rois

    @staticmethod
    def join(parts: Sequence[FaceRois]) -> FaceRois:
        """All rois of the parts, in order; there must be a part."""
        return FaceRois(
            np.concatenate([part.centers for part in parts]),
            np.concatenate([part.sides for part in parts]),
            np.concatenate([part.angles_rad for part in parts]),
        )

    def __repr__(self) -> str:
        return _shapes(self, "centers", "sides", "angles_rad")


@dataclass(frozen=True, slots=True, eq=False)
class FaceMeshes:
    """The meshes of one frame, the most prominent face first."""

    landmarks: FloatArray
    """(N, 468, 3) x, y, z in pixels; z is relative depth in the unit of x, smaller is nearer."""
    presence: FloatArray
    """(N,) FaceMesh's probability that the crop held a face: the lower one of the last two passes."""
    scores: FloatArray
    """(N,) the detector's score, or that of the given box; NaN where that has none."""
    boxes: FloatArray
    """(N, 4) the detector's or the given box: left, top, right, bottom in pixels."""
    keypoints: FloatArray
    """(N, 6, 2) the detector's keypoints in pixels; NaN where boxes were given."""
    size: tuple[int, int]
    """Width and height of the frame."""

    def __post_init__(self) -> None:
        _check_shape("landmarks", self.landmarks, len(self), NUM_LANDMARKS, 3)
        _check_shape("presence", self.presence, len(self))
        _check_shape("scores", self.scores, len(self))
        _check_shape("boxes", self.boxes, len(self), 4)
        _check_shape("keypoints", self.keypoints, len(self), 6, 2)

    def __len__(self) -> int:
        return len(self.landmarks)

    def __repr__(self) -> str:
        return f"FaceMeshes(landmarks={self.landmarks.shape}, presence={np.round(self.presence, 4)}, size={self.size})"


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One decoded picture, turned upright."""

    pixels: Image
    """RGB (H, W, 3), or the decoder's planes."""
    index: int = 0
    timestamp_s: float = 0.0
    """The frame's own presentation time in the container's clock."""
    pixel_aspect: float = 1.0
    """Width of a pixel through its height on the screen."""

    def __post_init__(self) -> None:
        if isinstance(self.pixels, YuvImage):
            return
        if self.pixels.ndim != 3 or self.pixels.shape[2] != 3 or self.pixels.dtype != np.uint8:
            raise ValueError(f"pixels must be uint8 (H, W, 3), not {self.pixels.dtype} {self.pixels.shape}")

    @property
    def image(self) -> npt.NDArray[np.uint8]:
        """RGB (H, W, 3); made anew each time where the decoder gave planes."""
        return self.pixels.to_rgb() if isinstance(self.pixels, YuvImage) else self.pixels

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in stored pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]


@dataclass(frozen=True, slots=True, eq=False)
class FrameMeshes:
    """The meshes of one frame of a source."""

    index: int
    timestamp_s: float
    meshes: FaceMeshes

    def __len__(self) -> int:
        """The number of faces."""
        return len(self.meshes)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the frame."""
        return self.meshes.size


@dataclass(frozen=True, slots=True, eq=False)
class FrameDetections:
    """What the detection job found in one frame of a source: zero faces or one."""

    index: int
    timestamp_s: float
    detections: Detections
    size: tuple[int, int]
    """Width and height of the frame."""

    def __len__(self) -> int:
        """The number of faces."""
        return len(self.detections)


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What a source says of itself before it is decoded, and what is done to its frames."""

    path: Path
    kind: Literal["picture", "video"]
    width: int
    """Of the upright frame, in stored pixels."""
    height: int
    rate_hz: Fraction
    """The container's average rate; 1 for a picture."""
    tick_s: float
    """The step of the container's clock, within which time stamps are rounded."""
    num_frames_header: int | None
    """As the header has it or as duration and rate give it; ``None`` where they say nothing. It may lie."""
    rotation_deg: int
    """How far frames were turned clockwise to stand upright."""
    mirrored: bool
    """Whether frames were then mirrored left to right."""
    pixel_aspect: float
    """Of the upright frame."""
    start_s: float = 0.0
    """Time stamp of the first frame."""
    times_s: tuple[float, ...] | None = None
    """Time stamps of all frames, where they are known without reading the file from end to end."""
    codec: str = ""
    """What the pixels are written in, for people to read: ``h264, yuv420p``."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is."""

    num_frames: int
    num_frames_expected: int | None
    seconds: float

    @property
    def fps(self) -> float:
        return self.num_frames / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """At the rate so far; ``None`` where that or the length is not known."""
        if not self.num_frames_expected or not self.fps:
            return None
        return max(0.0, (self.num_frames_expected - self.num_frames) / self.fps)

    def __str__(self) -> str:
        expected = f" of about {self.num_frames_expected}" if self.num_frames_expected else ""
        text = f"{self.num_frames}{expected} frames, {self.fps:.0f} frames/s"
        if self.seconds_left is None:
            return text
        return f"{text}, {timedelta(seconds=round(self.seconds_left))} left"


@dataclass(frozen=True, slots=True)
class StageTime:
    """How long a stage of a job took, added up over its threads."""

    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Summary:
    """How a job ended."""

    input: Path
    outputs: tuple[Path, ...]
    num_frames: int
    """That were looked at."""
    num_rows: int
    """Of each output: another number than that of the frames where a constant clock was asked for."""
    num_frames_by_face: tuple[int, ...]
    """How many frames have a first face, a second one, and so on."""
    complete: bool
    """False where the source broke off; the outputs hold the rows that were decoded."""
    reason: str | None
    """Why it is not complete."""
    seconds: float
    """From opening the source to the last rename, with the networks loaded."""
    total_seconds: float
    """The same with loading the networks."""
    device: str
    engine: str
    precision: str
    warnings: tuple[str, ...] = ()
    stages: tuple[StageTime, ...] = ()
    """Where the time went, if that was asked for; stages run beside each other."""

    @property
    def num_frames_with_face(self) -> int:
        return self.num_frames_by_face[0]

    @property
    def fps(self) -> float:
        return self.num_frames / self.seconds if self.seconds > 0 else 0.0
