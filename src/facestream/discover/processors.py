"""What does the work of a module, by the name in its trainer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol

from facestream.errors import RequestError
from facestream.structures import Progress, Summary

__all__ = ["Processor", "SessionWork", "find_processor", "processor_names"]

GROUP = "facestream.processors"
"""Packages add theirs as entry points of this group: the name is that of the trainer's ``create``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionWork:
    """One session of a job: files by the ids of the trainer, and whom to tell."""

    inputs: Mapping[str, Path]
    outputs: Mapping[str, Path]
    options: Mapping[str, Any]
    scratch_folder: Path
    """For files that nobody asked for; it is removed afterwards."""
    num_threads: int | None = None
    """How many may work at once; ``None`` is as many as there are cores."""
    log: Callable[[str], None]
    on_progress: Callable[[Progress], None]
    should_stop: Callable[[], bool]


class Processor(Protocol):
    """Does the work of one kind of module, and keeps what it has loaded."""

    @property
    def aliases(self) -> Mapping[str, Sequence[str]]:
        """Other names for the ids of the trainer's inputs and outputs."""
        ...

    @property
    def needed_ids(self) -> Sequence[str]:
        """Inputs without which there is nothing to do."""
        ...

    def process(self, work: SessionWork) -> Summary:
        """Read the inputs, write the outputs.

        Raises:
            FacestreamError: it cannot be done.
        """
        ...


def find_processor(name: str) -> Processor:
    """A new processor for a trainer's ``create``. Its script is never run.

    Raises:
        RequestError: there is none.
    """
    own = _own()
    if name in own:
        return own[name]()
    for entry in entry_points(group=GROUP, name=name):
        processor: Processor = entry.load()()
        return processor
    raise RequestError(
        f"no processor of facestream does the work of {name!r}, and scripts are not run; there are: "
        f"{', '.join(processor_names())}"
    )


def processor_names() -> list[str]:
    return sorted({*_own(), *(entry.name for entry in entry_points(group=GROUP))})


def _own() -> dict[str, Callable[[], Processor]]:
    from facestream.discover.blazeface_processor import BlazeFaceProcessor
    from facestream.discover.facemesh_processor import FaceMeshProcessor

    return {"FaceMesh": FaceMeshProcessor, "BlazeFace": BlazeFaceProcessor}
