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
    """The faces that the detector found in one frame."""

    boxes: FloatArray
    """(N, 4) left, top, right, bottom in pixels."""
    keypoints: FloatArray
    """(N, 6, 2) x, y in pixels: the subject's right eye, left eye, nose tip, mouth, right ear, left ear; NaN where only
    boxes are known."""
    scores: FloatArray
    """(N,) in [0, 1]; NaN if unknown."""

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
    """Rotated squares in display pixels: x is stretched by the pixel aspect ratio, so that they are square on a
    display."""

    centers: FloatArray
    """(N, 2) the centres, x and y."""
    sides: FloatArray
    """(N,) the length of a side."""
    angles_rad: FloatArray
    """(N,) the clockwise angle on the display, from the x axis of the frame to that of the ROI."""

    def __post_init__(self) -> None:
        _check_shape("centers", self.centers, len(self), 2)
        _check_shape("sides", self.sides, len(self))
        _check_shape("angles_rad", self.angles_rad, len(self))

    def __len__(self) -> int:
        return len(self.centers)

    def __getitem__(self, index: npt.NDArray[Any] | slice) -> FaceRois:
        return FaceRois(self.centers[index], self.sides[index], self.angles_rad[index])

    def replace(self, index: npt.NDArray[np.intp], others: FaceRois) -> FaceRois:
        """Return a copy with other ROIs at some indices."""
        rois = FaceRois(self.centers.copy(), self.sides.copy(), self.angles_rad.copy())
        rois.centers[index], rois.sides[index], rois.angles_rad[index] = others.centers, others.sides, others.angles_rad
        return rois

    @staticmethod
    def join(parts: Sequence[FaceRois]) -> FaceRois:
        """Return the ROIs of one or more sets, in order."""
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
    """(N,) FaceMesh's probability that the crop shows a face, the lower one of the last two passes."""
    scores: FloatArray
    """(N,) the score of the detector or of the given box; NaN if it has none."""
    boxes: FloatArray
    """(N, 4) the detected or given box: left, top, right, bottom in pixels."""
    keypoints: FloatArray
    """(N, 6, 2) the keypoints of the detector in pixels; NaN for given boxes."""
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
    """RGB (H, W, 3), or the planes of the decoder."""
    index: int = 0
    timestamp_s: float = 0.0
    """The presentation time of the frame on the clock of the container, in seconds."""
    pixel_aspect: float = 1.0
    """The width of a pixel divided by its height on a display."""

    def __post_init__(self) -> None:
        if isinstance(self.pixels, YuvImage):
            return
        if self.pixels.ndim != 3 or self.pixels.shape[2] != 3 or self.pixels.dtype != np.uint8:
            raise ValueError(f"pixels must be uint8 (H, W, 3), not {self.pixels.dtype} {self.pixels.shape}")

    @property
    def image(self) -> npt.NDArray[np.uint8]:
        """The frame as RGB (H, W, 3), converted at each access if the decoder gave planes."""
        return self.pixels.to_rgb() if isinstance(self.pixels, YuvImage) else self.pixels

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in stored pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]


@dataclass(frozen=True, slots=True, eq=False)
class FrameMeshes:
    """The meshes of one frame of a source."""

    index: int
    """The number of the frame in its clip, from 0."""
    timestamp_s: float
    """The timestamp of the frame in seconds."""
    meshes: FaceMeshes
    """The faces of the frame; none is also possible."""

    def __len__(self) -> int:
        """The number of faces."""
        return len(self.meshes)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the frame."""
        return self.meshes.size


@dataclass(frozen=True, slots=True, eq=False)
class FrameDetections:
    """The result of the detection job for one frame of a source: zero or one face."""

    index: int
    """The number of the frame in its clip, from 0."""
    timestamp_s: float
    """The timestamp of the frame in seconds."""
    detections: Detections
    """The face, or none."""
    size: tuple[int, int]
    """Width and height of the frame."""

    def __len__(self) -> int:
        """The number of faces."""
        return len(self.detections)


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """The facts about a source before it is decoded, and how its frames are turned."""

    path: Path
    kind: Literal["picture", "video"]
    width: int
    """The width of the upright frame in stored pixels."""
    height: int
    rate_hz: Fraction
    """The average frame rate of the container in Hz; 1 for a picture."""
    tick_s: float
    """The resolution of timestamps in seconds."""
    num_frames_header: int | None
    """The number of frames by the header, or by duration and rate; ``None`` if unknown. It may be wrong."""
    rotation_deg: int
    """The clockwise rotation that made frames upright, in degrees."""
    mirrored: bool
    """Whether frames were then flipped horizontally."""
    pixel_aspect: float
    """The pixel aspect ratio of the upright frame."""
    start_s: float = 0.0
    """The timestamp of the first frame in seconds."""
    times_s: tuple[float, ...] | None = None
    """The timestamps of all frames in seconds, if they are known without reading the whole file."""
    codec: str = ""
    """Codec and pixel format for display: ``h264, yuv420p``."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a job."""

    num_frames: int
    """The number of frames processed so far."""
    num_frames_expected: int | None
    """The number of frames of the whole job; ``None`` if unknown. It may be wrong."""
    seconds: float
    """The time since the start in seconds."""

    @property
    def fps(self) -> float:
        """The number of frames processed per second."""
        return self.num_frames / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """The estimated remaining time in seconds; ``None`` if unknown."""
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
    """The duration of a stage of a job, summed over threads."""

    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Summary:
    """The outcome of a job."""

    input: Path
    """The source."""
    outputs: tuple[Path, ...]
    """The files that were written."""
    num_frames: int
    """The number of processed frames."""
    num_rows: int
    """The number of rows of each output, which differs from the number of frames on a constant clock."""
    num_frames_by_face: tuple[int, ...]
    """The number of frames that have a first face, a second one, and so on."""
    complete: bool
    """False if the source broke off. The outputs then hold the decoded rows."""
    reason: str | None
    """Why the outputs are not complete."""
    seconds: float
    """The duration from opening the source to the last rename, with networks already loaded."""
    total_seconds: float
    """The duration including the loading of networks."""
    device: str
    """The device on which the networks ran."""
    engine: str
    """The engine that ran them."""
    precision: str
    """The precision in which they computed."""
    warnings: tuple[str, ...] = ()
    """What may be wrong with the results, one sentence each."""
    stages: tuple[StageTime, ...] = ()
    """The duration of each stage, if requested. Stages run in parallel."""

    @property
    def num_frames_with_face(self) -> int:
        """The number of frames that have at least one face."""
        return self.num_frames_by_face[0]

    @property
    def fps(self) -> float:
        """The number of frames processed per second, without the loading of networks."""
        return self.num_frames / self.seconds if self.seconds > 0 else 0.0
