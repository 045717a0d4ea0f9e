"""A worker of a batch as it runs on a node of a Ray cluster."""

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
    """Made into an actor where Ray is at hand. Its methods are called from several threads."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """Load the networks. Other versions are met as well, so that nothing is taken for granted before ``greet``."""
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
        """Who this is, and why it cannot work, if so."""
        return {"version": __version__, "node": platform.node(), "error": self._error}

    def run(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Do a task."""
        from facestream.batch.workers.tasks import Task

        self._progress = (0, None)
        self._should_stop.clear()

        def tell(progress: Progress) -> None:
            self._progress = (progress.num_frames, progress.num_frames_expected)

        return self._runner.run(Task.from_dict(values), tell, self._should_stop.is_set).as_dict()

    def progress(self) -> tuple[int, int | None]:
        """How many frames of its task it has looked at, and how many there are, where that is known."""
        return self._progress

    def stop(self) -> None:
        """End the task that runs."""
        self._should_stop.set()
