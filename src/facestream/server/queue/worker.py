"""A worker process that runs one job after another and keeps its networks loaded.

The server starts ``python -m facestream.server.queue.worker``. The worker reads jobs from its standard input and
reports on its standard output. It ends when the server closes the pipe, also in the middle of a job.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from facestream.discover.folders import JobFolders
from facestream.discover.job_runner import JobEvents, JobRunner
from facestream.discover.requests.download import Downloader
from facestream.errors import FacestreamError, JobStopped
from facestream.ipc.child import Orders
from facestream.structures import Progress

__all__ = ["Talk", "Worker", "main"]

PROGRESS_EVERY_S = 0.2


class Talk(Protocol):
    """The events of a job, sent to the server."""

    @property
    def should_stop(self) -> threading.Event: ...

    def say(self, kind: str, **values: Any) -> None: ...


class Worker:
    """Runs jobs and reports on them."""

    def __init__(self, settings: Mapping[str, Any], talk: Talk) -> None:
        """Prepare to run jobs with the settings of the server."""
        if settings["cache_folder"]:
            os.environ["FACESTREAM_CACHE"] = settings["cache_folder"]
        self._talk = talk
        self._runner = JobRunner(
            JobFolders([Path(folder) for folder in settings["data_folders"]], Path(settings["upload_folder"])),
            trainer_folder=Path(settings["trainer_folder"]) if settings["trainer_folder"] else None,
            download=Downloader() if settings["allow_url"] else None,
            num_threads=settings["num_threads"],
        )

    def run(self, form: Mapping[str, str], result_folder: Path) -> None:
        """Run one job. The last message says how it ended."""
        told_s, told_session = 0.0, 0

        def tell_progress(session: int, num_sessions: int, progress: Progress) -> None:
            nonlocal told_s, told_session
            now = time.monotonic()
            if session == told_session and now - told_s < PROGRESS_EVERY_S:
                return
            told_s, told_session = now, session
            self._talk.say(
                "progress",
                session=session,
                num_sessions=num_sessions,
                frames=progress.num_frames,
                total=progress.num_frames_expected,
                seconds=progress.seconds,
            )

        events = JobEvents(
            log=lambda level, text: self._talk.say("log", level=level, text=text),
            on_progress=tell_progress,
            on_outputs=lambda paths: self._talk.say("outputs", paths=[str(path) for path in paths]),
            should_stop=self._talk.should_stop.is_set,
        )
        try:
            self._runner.run(form, result_folder, events)
        except JobStopped:
            self._talk.say("stopped")
        except FacestreamError as error:
            self._talk.say("failed", error=str(error))
        except MemoryError:
            self._talk.say("failed", error="the machine has not enough memory for this job")
        except Exception as error:
            # An unexpected error ends one job only. The traceback goes to the output of the server.
            logging.getLogger(__name__).exception("a job failed")
            self._talk.say("failed", error=f"{type(error).__name__}: {error}")
        else:
            self._talk.say("finished")


def main() -> None:
    orders = Orders.from_standard_streams()
    settings = orders.read_settings()
    if settings is None:
        return
    worker = Worker(settings, orders)
    for order in orders:
        worker.run(order["form"], Path(order["result_folder"]))


if __name__ == "__main__":
    main()
