"""The interface of a processor, which does the work of one DISCOVER module.

A package adds a processor of its own as an entry point of the group ``facestream.processors``, under the name that its
trainer gives as ``create``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from facestream.structures import Progress, Summary

__all__ = ["Processor", "SessionWork"]


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
