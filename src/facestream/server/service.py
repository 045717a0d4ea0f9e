"""The service that all routes share: the queue, the workers and the files of jobs."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Mapping
from pathlib import Path

from facestream.discover.requests.form import mask_secrets
from facestream.ipc.ray_cluster import check_answer
from facestream.server.previews.store import Previews
from facestream.server.queue.job_files import JobFiles
from facestream.server.queue.orphans import WorkerRecords
from facestream.server.queue.store import JobStore
from facestream.server.queue.worker_pool import WORKER_COMMAND, WORKER_ON_RAY_COMMAND, WorkerPool
from facestream.server.settings import ServerOptions

__all__ = ["JobService"]

PRUNE_EVERY_S = 600.0

_log = logging.getLogger(__name__)


class JobService:
    """Queues, runs and removes jobs."""

    def __init__(self, options: ServerOptions) -> None:
        """Open the queue.

        Raises:
            FacestreamError: another server has it, or it cannot be kept there; or the Ray cluster does not answer.
        """
        self.options = options
        if options.executor == "ray":
            check_answer(options.ray_address or os.environ.get("RAY_ADDRESS", ""))
        self.store = JobStore(options.state_folder, replaces_damaged=options.new_queue)
        if self.store.replaced:
            _log.warning("%s", self.store.replaced)
        try:
            self.files = JobFiles(options.log_folder, options.tmp_folder)
        except OSError:
            self.store.close()
            raise
        settings = {
            "data_folders": [str(folder.absolute()) for folder in options.data_dirs],
            "upload_folder": str(self.files.upload_folder.absolute()),
            "trainer_folder": str(options.cml_dir.absolute()) if options.cml_dir else None,
            "allow_url": options.allow_url,
            "cache_folder": str(options.cache_dir.absolute()) if options.cache_dir else None,
            "num_threads": _threads_for_each(options),
            "ray_address": options.ray_address,
        }
        records = WorkerRecords(options.state_folder / "workers.json")
        num_ended = records.end_all()
        if num_ended:
            _log.warning("%d workers outlived the server before this one and were ended", num_ended)
        self.previews = Previews(self.files.preview_folder)
        self._is_closing = threading.Event()
        self._pruner = threading.Thread(target=self._prune_now_and_then, name="facestream-pruner", daemon=True)
        self.workers = WorkerPool(
            self.store,
            self.files,
            settings,
            options.num_workers,
            on_worker=records.add,
            worker_command=WORKER_ON_RAY_COMMAND if options.executor == "ray" else WORKER_COMMAND,
        )

    def start(self) -> None:
        """Start to run jobs."""
        self._pruner.start()
        self.workers.start()

    def close(self) -> None:
        """End the workers and close the queue. Running jobs wait for the next start."""
        self._is_closing.set()
        self.previews.close()
        self.workers.close()
        if self._pruner.is_alive():
            self._pruner.join()
        self.store.close()

    def submit(self, key: str, form: Mapping[str, str]) -> bool:
        """Queue a job without its passwords; return false if a job of this key already waits or runs."""
        kept = mask_secrets(form)
        if not self.store.submit(key, kept, before=lambda: self.files.begin_log(key, kept)):
            return False
        self.workers.call()
        return True

    def cancel(self, key: str) -> bool:
        return self.workers.cancel(key)

    def remove(self, key: str) -> bool:
        """Remove a job that has ended, with its log and results for download."""
        return self.store.remove(key, before=lambda: self.files.remove(key))

    def prune(self) -> None:
        """Remove jobs and files that are too old or too many."""
        for key in self.store.outdated(keep_days=self.options.keep_days, keep_jobs=self.options.keep_jobs):
            self.remove(key)
        for path in self.files.old_uploads(self.options.keep_days):
            _remove(path)

    def _prune_now_and_then(self) -> None:
        self.prune()
        while not self._is_closing.wait(PRUNE_EVERY_S):
            self.prune()


def _threads_for_each(options: ServerOptions) -> int | None:
    """Workers share the cores. A single worker is not limited, and on Ray each requests one core."""
    if options.executor == "ray":
        return 1
    return None if options.num_workers == 1 else max(1, (os.cpu_count() or 1) // options.num_workers)


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except OSError as error:
        _log.warning("%s: cannot be removed (%s)", path, error)
