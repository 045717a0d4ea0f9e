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
    """One session of a job: files by the IDs of the trainer, options and callbacks."""

    inputs: Mapping[str, Path]
    outputs: Mapping[str, Path]
    options: Mapping[str, Any]
    scratch_folder: Path
    """For temporary files; it is removed afterwards."""
    num_threads: int | None = None
    """The number of threads; ``None`` is one per core."""
    log: Callable[[str], None]
    on_progress: Callable[[Progress], None]
    should_stop: Callable[[], bool]


class Processor(Protocol):
    """Processes the sessions of one module, and keeps networks loaded."""

    @property
    def aliases(self) -> Mapping[str, Sequence[str]]:
        """Aliases of the IDs of the trainer's inputs and outputs."""
        ...

    @property
    def needed_ids(self) -> Sequence[str]:
        """The IDs of required inputs."""
        ...

    def process(self, work: SessionWork) -> Summary:
        """Read the inputs, write the outputs.

        Raises:
            FacestreamError: it cannot be done.
        """
        ...
