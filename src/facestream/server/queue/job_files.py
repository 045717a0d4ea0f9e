"""The files of a job outside the data folders: its log, and results for download."""

from __future__ import annotations

import hashlib
import logging
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

__all__ = ["JobFiles", "safe_name"]

MAX_SHOWN_VALUE = 2_000
"""The longest field in the log. A picture inside a request would be longer than everything else together."""

MAX_LOG_BYTES = 8_000_000
"""Of a longer log, only the end is shown."""

UNSAFE = re.compile(r"[^A-Za-z0-9]+")


def safe_name(key: str) -> str:
    """Return a file name for any job key: its readable characters, and a digest of the whole key."""
    readable = UNSAFE.sub("-", key)[:40].strip("-")
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{readable}-{digest}" if readable else digest


class JobFiles:
    """The folders with the logs and results of all jobs."""

    def __init__(self, log_folder: Path, tmp_folder: Path) -> None:
        """Create the folders."""
        self.log_folder, self.upload_folder = log_folder, tmp_folder / "uploads"
        self._result_folder = tmp_folder / "results"
        self.preview_folder = tmp_folder / "previews"
        for folder in (self.log_folder, self.upload_folder, self._result_folder, self.preview_folder):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def log_path(self, key: str) -> Path:
        return self.log_folder / f"{safe_name(key)}.log"

    def result_folder(self, key: str) -> Path:
        return self._result_folder / safe_name(key)

    def results(self, key: str) -> list[Path]:
        """Return the files that a job left for download."""
        folder = self.result_folder(key)
        return sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))

    def begin_log(self, key: str, form: Mapping[str, str]) -> None:
        """Start the log of a job anew with its request, in which passwords are already masked."""
        shown = {name: _shortened(value) for name, value in form.items()}
        self.log_path(key).write_text(_line(logging.INFO, repr(shown)), "utf-8")

    def log(self, key: str, level: int, text: str) -> None:
        """Append a line to the log of a job."""
        with self.log_path(key).open("a", encoding="utf-8") as file:
            file.write(_line(level, text))

    def read_log(self, key: str) -> str | None:
        """Return the log, or the end of a very long one; ``None`` if there is no log."""
        try:
            with self.log_path(key).open("rb") as file:
                file.seek(0, 2)
                file.seek(max(0, file.tell() - MAX_LOG_BYTES))
                return file.read().decode("utf-8", "replace")
        except OSError:
            return None

    def remove(self, key: str) -> None:
        """Delete the log and the results of a job."""
        self.log_path(key).unlink(missing_ok=True)
        self.remove_results(key)

    def remove_results(self, key: str) -> None:
        shutil.rmtree(self.result_folder(key), ignore_errors=True)

    def old_uploads(self, keep_days: float) -> Iterator[Path]:
        """Delete uploads and copies of videos that have not been used for a long time."""
        oldest = time.time() - keep_days * 86400
        for path in (*self.upload_folder.iterdir(), *self.preview_folder.iterdir()):
            if path.is_file() and path.stat().st_mtime < oldest:
                yield path


def _line(level: int, text: str) -> str:
    one_line = " ".join(text.splitlines())
    return f"{time.strftime('%Y-%m-%d %H:%M:%S')} {logging.getLevelName(level)} {one_line}\n"


def _shortened(value: str) -> str:
    return value if len(value) <= MAX_SHOWN_VALUE else f"{value[:MAX_SHOWN_VALUE]}... ({len(value)} characters)"
