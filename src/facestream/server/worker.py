"""A worker: a process of its own that runs one job after the other with networks that stay loaded.

``python -m facestream.server.worker`` is started by the server, reads jobs from its standard input and tells what
happens on its standard output. It ends when the server's end of the pipe closes, in the middle of a job too.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from facestream.discover.download import Downloader
from facestream.discover.folders import JobFolders
from facestream.discover.jobs import JobEvents, JobRunner
from facestream.errors import FacestreamError, JobStopped
from facestream.structures import Progress
from facestream.workers.orders import Orders

__all__ = ["main"]

PROGRESS_EVERY_S = 0.2


class Worker:
    """Runs the jobs that are ordered."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders

    def run(self) -> None:
        """Run jobs until the server is gone."""
        settings = self._orders.read_settings()
        if settings is None:
            return
        runner = open_runner(settings)
        for order in self._orders:
            self._run_job(runner, order["form"], Path(order["result_folder"]))

    def _run_job(self, runner: JobRunner, form: dict[str, str], result_folder: Path) -> None:
        told_s, told_session = 0.0, 0

        def tell_progress(session: int, num_sessions: int, progress: Progress) -> None:
            nonlocal told_s, told_session
            now = time.monotonic()
            if session == told_session and now - told_s < PROGRESS_EVERY_S:
                return
            told_s, told_session = now, session
            self._orders.say(
                "progress",
                session=session,
                num_sessions=num_sessions,
                frames=progress.num_frames,
                total=progress.num_frames_expected,
                seconds=progress.seconds,
            )

        events = JobEvents(
            log=lambda level, text: self._orders.say("log", level=level, text=text),
            on_progress=tell_progress,
            on_outputs=lambda paths: self._orders.say("outputs", paths=[str(path) for path in paths]),
            should_stop=self._orders.should_stop.is_set,
        )
        try:
            runner.run(form, result_folder, events)
        except JobStopped:
            self._orders.say("stopped")
        except FacestreamError as error:
            self._orders.say("failed", error=str(error))
        except MemoryError:
            self._orders.say("failed", error="the machine has not enough memory for this job")
        except Exception as error:
            # Our own mistakes end one job only; where they were made stands in the server's output.
            logging.getLogger(__name__).exception("a job failed")
            self._orders.say("failed", error=f"{type(error).__name__}: {error}")
        else:
            self._orders.say("finished")


def open_runner(settings: Mapping[str, Any]) -> JobRunner:
    """What runs jobs, as the server's settings have it."""
    if settings["cache_folder"]:
        os.environ["FACESTREAM_CACHE"] = settings["cache_folder"]
    return JobRunner(
        JobFolders([Path(folder) for folder in settings["data_folders"]], Path(settings["upload_folder"])),
        trainer_folder=Path(settings["trainer_folder"]) if settings["trainer_folder"] else None,
        download=Downloader() if settings["allow_url"] else None,
        num_threads=settings["num_threads"],
    )


def main() -> None:
    Worker(Orders.from_standard_streams()).run()


if __name__ == "__main__":
    main()
