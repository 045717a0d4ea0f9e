"""The interface between the frame loop and one kind of job."""

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
    """What outputs record about the engine that made them."""

    @property
    def name(self) -> str: ...

    @property
    def precision(self) -> str: ...

    @property
    def weights_sha256(self) -> str: ...


class FoundRows(Protocol[Result_contra]):
    """What is needed to write the results of a job."""

    @property
    def options(self) -> JobOptions: ...

    @property
    def max_faces(self) -> int:
        """The most faces per frame."""
        ...

    @property
    def device(self) -> str: ...

    @property
    def engines(self) -> Mapping[str, EngineFacts]:
        """The engines by the name of their network. Engine and precision are recorded from the first one."""
        ...

    @property
    def profile(self) -> Profile:
        """The time spent in each stage."""
        ...

    @property
    def detection_interval(self) -> int:
        """The number of frames that depend on each other; known after ``begin``."""
        ...

    def row_writers(self, plan: OutputPlan) -> Iterator[Callable[[], RowWriter[Result_contra]]]:
        """Iterate over functions that each open one output of the plan that has rows."""
        ...

    def draw(self, image: npt.NDArray[np.uint8], result: Result_contra) -> npt.NDArray[np.uint8]:
        """Return a copy of the frame's image with the results drawn on it."""
        ...

    def warnings(self) -> Iterator[str]:
        """Iterate over warnings for the user, after the last frame."""
        ...


class Work(FoundRows[Result], Protocol[Result]):
    """One kind of job: how it processes frames."""

    def begin(self, info: VideoInfo) -> None:
        """Prepare for a source that has been opened."""
        ...

    def prepare(self, frames: Sequence[Frame], following: Frame | None) -> Callable[[], Sequence[Result]]:
        """Return a function that finds the results of whole detection intervals; ``following`` is the next frame.

        Frames are prepared in order. The functions may run in parallel threads, and are started in order.
        """
        ...


def constant_rate(options: JobOptions) -> Fraction | None:
    """Return the rate of the rows, as exact as it was typed."""
    return None if options.rate_hz is None else Fraction(str(float(options.rate_hz)))
