"""A batch worker on a node of a Ray cluster."""

from __future__ import annotations

import os
import platform
import threading
from collections.abc import Mapping
from typing import Any

from facestream.errors import FacestreamError
from facestream.structures import Progress
from facestream.version import __version__

__all__ = ["BatchActor"]


class BatchActor:
    """A class that Ray turns into an actor. Its methods are called from several threads."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """Load the networks. The settings may come from another version, so nothing is assumed before ``greet``."""
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        self._progress: tuple[int, int | None] = (0, None)
        self._should_stop = threading.Event()
        self._error = ""
        if settings["version"] != __version__:
            return
        from facestream.batch.workers.runner import TaskRunner
        from facestream.batch.workers.tasks import WorkerSettings

        try:
            self._runner = TaskRunner(WorkerSettings.from_dict(settings))
            self._runner.warm_up()
        except FacestreamError as error:
            self._error = str(error)

    def greet(self) -> dict[str, str]:
        """Return version, node and, if the worker cannot run, the error."""
        return {"version": __version__, "node": platform.node(), "error": self._error}

    def run(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Run a task."""
        from facestream.batch.workers.tasks import Task

        self._progress = (0, None)
        self._should_stop.clear()

        def report(progress: Progress) -> None:
            self._progress = (progress.num_frames, progress.num_frames_expected)

        return self._runner.run(Task.from_dict(values), report, self._should_stop.is_set).as_dict()

    def progress(self) -> tuple[int, int | None]:
        """Return how many frames of the current task are processed, and the expected total if known."""
        return self._progress

    def stop(self) -> None:
        """Stop the running task."""
        self._should_stop.set()
