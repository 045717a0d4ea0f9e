"""A worker: a process of its own that runs one job after the other with networks that stay loaded.

``python -m facestream.server.worker`` is started by the server, reads jobs from its standard input and tells what
happens on its standard output. It ends when the server's end of the pipe closes, in the middle of a job too.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any

from facestream.discover.download import Downloader
from facestream.discover.folders import JobFolders
from facestream.discover.jobs import JobEvents, JobRunner
from facestream.errors import FacestreamError, JobStopped
from facestream.server.messages import read_message, write_message
from facestream.structures import Progress

__all__ = ["main"]

PROGRESS_EVERY_S = 0.2


class Worker:
    """The worker's side of the pipe."""

    def __init__(self, commands: IO[bytes], answers: IO[bytes]) -> None:
        self._commands = commands
        self._answers = answers
        self._mutex = threading.Lock()
        self._jobs: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._should_stop = threading.Event()

    def run(self) -> None:
        """Run jobs until the server is gone."""
        settings = read_message(self._commands)
        if settings is None:
            return
        if settings["cache_folder"]:
            os.environ["FACESTREAM_CACHE"] = settings["cache_folder"]
        runner = JobRunner(
            JobFolders([Path(folder) for folder in settings["data_folders"]], Path(settings["upload_folder"])),
            trainer_folder=Path(settings["trainer_folder"]) if settings["trainer_folder"] else None,
            download=Downloader() if settings["allow_url"] else None,
            num_threads=settings["num_threads"],
        )
        threading.Thread(target=self._listen, name="facestream-listener", daemon=True).start()
        self._say("ready")
        while True:
            job = self._jobs.get()
            self._should_stop.clear()
            self._run_job(runner, job["form"], Path(job["result_folder"]))

    def _run_job(self, runner: JobRunner, form: dict[str, str], result_folder: Path) -> None:
        told_s, told_session = 0.0, 0

        def tell_progress(session: int, num_sessions: int, progress: Progress) -> None:
            nonlocal told_s, told_session
            now = time.monotonic()
            if session == told_session and now - told_s < PROGRESS_EVERY_S:
                return
            told_s, told_session = now, session
            self._say(
                "progress",
                session=session,
                num_sessions=num_sessions,
                frames=progress.num_frames,
                total=progress.num_frames_expected,
                seconds=progress.seconds,
            )

        events = JobEvents(
            log=lambda level, text: self._say("log", level=level, text=text),
            on_progress=tell_progress,
            on_outputs=lambda paths: self._say("outputs", paths=[str(path) for path in paths]),
            should_stop=self._should_stop.is_set,
        )
        try:
            runner.run(form, result_folder, events)
        except JobStopped:
            self._say("stopped")
        except FacestreamError as error:
            self._say("failed", error=str(error))
        except MemoryError:
            self._say("failed", error="the machine has not enough memory for this job")
        except Exception as error:
            # Our own mistakes end one job only; where they were made stands in the server's output.
            logging.getLogger(__name__).exception("a job failed")
            self._say("failed", error=f"{type(error).__name__}: {error}")
        else:
            self._say("finished")

    def _listen(self) -> None:
        """Take commands while a job runs, and end with the server."""
        while message := read_message(self._commands):
            if message["kind"] == "run":
                self._jobs.put(message)
            elif message["kind"] == "stop":
                self._should_stop.set()
        os._exit(0)

    def _say(self, kind: str, **values: Any) -> None:
        with self._mutex:
            try:
                write_message(self._answers, kind, **values)
            except OSError:
                os._exit(0)


def main() -> None:
    # What libraries print must not come between the messages.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    Worker(sys.stdin.buffer, answers).run()


if __name__ == "__main__":
    main()
