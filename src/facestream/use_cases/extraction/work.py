"""What one kind of job does with frames; the jobs have all else in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from facestream.config import JobOptions
from facestream.formats.row_writer import RowWriter
from facestream.structures import Frame, FrameDetections, FrameMeshes, VideoInfo
from facestream.use_cases.extraction.profile import Profile
from facestream.use_cases.outputs.plan import OutputPlan

__all__ = ["EngineFacts", "FoundRows", "Result", "Work", "constant_rate"]

Result = TypeVar("Result", bound=FrameMeshes | FrameDetections)
Result_contra = TypeVar("Result_contra", bound=FrameMeshes | FrameDetections, contravariant=True)


class EngineFacts(Protocol):
    """What results tell of the engine that made them."""

    @property
    def name(self) -> str: ...

    @property
    def precision(self) -> str: ...

    @property
    def weights_sha256(self) -> str: ...


class FoundRows(Protocol[Result_contra]):
    """What is to be known of results, to write them."""

    @property
    def options(self) -> JobOptions: ...

    @property
    def max_faces(self) -> int:
        """How many faces a frame may have."""
        ...

    @property
    def device(self) -> str: ...

    @property
    def engines(self) -> Mapping[str, EngineFacts]:
        """By the name of the network; the first one names engine and precision."""
        ...

    @property
    def profile(self) -> Profile:
        """Where the time of the work went."""
        ...

    @property
    def detection_interval(self) -> int:
        """How many frames of the source depend on each other; known when the work has begun."""
        ...

    def row_writers(self, plan: OutputPlan) -> Iterator[Callable[[], RowWriter[Result_contra]]]:
        """How to begin each output of the plan that has rows."""
        ...

    def draw(self, image: npt.NDArray[np.uint8], result: Result_contra) -> npt.NDArray[np.uint8]:
        """A copy of the frame's image with what was found in it."""
        ...

    def warnings(self) -> Iterator[str]:
        """After the last frame: what the user should know."""
        ...


class Work(FoundRows[Result], Protocol[Result]):
    """What one kind of job does with frames."""

    def begin(self, info: VideoInfo) -> None:
        """The source is open."""
        ...

    def prepare(self, frames: Sequence[Frame], following: Frame | None) -> Callable[[], Sequence[Result]]:
        """What finds the results of frames of whole cells, which come in order; one follows.

        It may be called in another thread while others are running, and is begun in order.
        """
        ...


def constant_rate(options: JobOptions) -> Fraction | None:
    """The rate of the rows, as exact as it was typed."""
    return None if options.rate_hz is None else Fraction(str(float(options.rate_hz)))
