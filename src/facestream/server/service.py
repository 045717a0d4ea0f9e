"""What the routes have in common: the queue, the workers and the files of jobs."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from facestream.server.job_files import JobFiles
from facestream.server.job_store import JobStore
from facestream.server.orphans import WorkerRecords
from facestream.server.settings import ServerOptions
from facestream.server.worker_pool import WorkerPool

__all__ = ["JobService"]

_log = logging.getLogger(__name__)


class JobService:
    """Jobs from their arrival to their removal."""

    def __init__(self, options: ServerOptions) -> None:
        """Open the queue.

        Raises:
            FacestreamError: another server has it, or it cannot be kept there.
        """
        self.options = options
        self.store = JobStore(options.state_folder)
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
        }
        records = WorkerRecords(options.state_folder / "workers.json")
        num_ended = records.end_all()
        if num_ended:
            _log.warning("%d workers outlived the server before this one and were ended", num_ended)
        self.workers = WorkerPool(self.store, self.files, settings, options.num_workers, records.add)

    def start(self) -> None:
        """Begin to run jobs."""
        self.prune()
        self.workers.start()

    def close(self) -> None:
        """End the workers and close the queue; what ran waits for the next start."""
        self.workers.close()
        self.store.close()

    def submit(self, key: str, form: Mapping[str, str]) -> bool:
        """Queue a job; the answer is false where one of that name waits or runs already."""
        if not self.store.submit(key, form, before=lambda: self.files.begin_log(key, form)):
            return False
        self.workers.call()
        return True

    def cancel(self, key: str) -> bool:
        return self.workers.cancel(key)

    def remove(self, key: str) -> bool:
        """Forget a job that has ended, its log and what was to be fetched."""
        if not self.store.remove(key):
            return False
        self.files.remove(key)
        return True

    def prune(self) -> None:
        """Remove what is too old or too much."""
        for key in self.store.outdated(keep_days=self.options.keep_days, keep_jobs=self.options.keep_jobs):
            self.remove(key)
        for path in self.files.old_uploads(self.options.keep_days):
            _remove(path)


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except OSError as error:
        _log.warning("%s: cannot be removed (%s)", path, error)
