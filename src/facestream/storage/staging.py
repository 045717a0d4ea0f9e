"""Write files that appear complete or not at all."""

from __future__ import annotations

import atexit
import contextlib
import os
import re
import secrets
import tempfile
from pathlib import Path
from typing import BinaryIO

from facestream.errors import OutputError
from facestream.storage.locks import lock

__all__ = ["PREFIX", "StagedFile", "check_folder", "is_folder", "sweep_staged_files"]

PREFIX = ".facestream-"

BUFFER_BYTES = 1 << 18
"""The buffer size. Rows are a few kilobytes, and there are hundreds per second."""

STAGED_NAME = re.compile(re.escape(PREFIX) + r"[0-9a-f]{16}\.(part|mp4)")

_unfinished: dict[Path, int] = {}
"""The hidden files of this process with its ID, since a fork must not remove them."""


class StagedFile:
    """A file that is written under a hidden name in its folder and renamed when it is whole.

    The hidden file is locked as long as its run lives, by which ``sweep_staged_files`` knows those of dead runs. What
    is neither committed nor discarded, as when Ctrl-C falls between two statements, goes when the process ends.
    """

    def __init__(self, path: Path, suffix: str = "") -> None:
        """Begin the file; ``suffix`` ends the hidden name, for writers that need it.

        Raises:
            OutputError: the folder cannot be written to.
        """
        self.path = path
        try:
            while True:
                self.token = secrets.token_hex(8)
                self.hidden_path = path.with_name(f"{PREFIX}{self.token}{suffix or '.part'}")
                _unfinished[self.hidden_path] = os.getpid()
                self.file: BinaryIO = self.hidden_path.open("x+b", BUFFER_BYTES)
                # Another run may have removed the file between its creation and its lock.
                if not lock(self.file.fileno(), wait=True) or self.hidden_path.exists():
                    break
                self.discard()
        except OSError as error:
            _unfinished.pop(self.hidden_path, None)
            raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error

    def finish(self) -> None:
        """Flush the complete file to disk."""
        try:
            self.file.flush()
            os.fsync(self.file.fileno())
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be written ({error.strerror or error})") from error

    def rename_hidden(self, path: Path) -> None:
        """Rename the finished file to another hidden name."""
        self._close_where_open_files_cannot_be_renamed()
        self.leave_to_later_runs()
        self.hidden_path.replace(path)
        self.hidden_path = path

    def leave_to_later_runs(self) -> None:
        """Keep the hidden file when the process ends, so that others can see how far this run came."""
        _unfinished.pop(self.hidden_path, None)

    def commit(self) -> None:
        """Rename the finished file to its final name; an older file is replaced."""
        try:
            self._close_where_open_files_cannot_be_renamed()
            self.hidden_path.replace(self.path)
            _unfinished.pop(self.hidden_path, None)
            self.file.close()
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be written ({error.strerror or error})") from error

    def discard(self) -> None:
        """Remove the hidden file; does nothing after ``commit``."""
        with contextlib.suppress(OSError):
            self.file.close()
        with contextlib.suppress(OSError):
            self.hidden_path.unlink()
        _unfinished.pop(self.hidden_path, None)

    def _close_where_open_files_cannot_be_renamed(self) -> None:
        if os.name == "nt":
            self.file.close()


@atexit.register
def _remove_unfinished() -> None:
    for path, process in _unfinished.items():
        if process == os.getpid():
            with contextlib.suppress(OSError):
                path.unlink()


def sweep_staged_files(folder: Path) -> None:
    """Remove the hidden files of killed runs from a folder. Those of running processes are locked and stay."""
    with contextlib.suppress(OSError):
        for path in folder.glob(f"{PREFIX}*"):
            # Opening anything but a file could block for ever.
            if STAGED_NAME.fullmatch(path.name) and path.is_file():
                _remove_if_dead(path)


def _remove_if_dead(path: Path) -> None:
    with contextlib.suppress(OSError), path.open("rb") as file:
        if lock(file.fileno(), wait=False):
            path.unlink()


def is_folder(path: str | Path) -> bool:
    """Whether a folder exists; false for names that are too long."""
    return os.path.isdir(path)  # noqa: PTH112 - Path.is_dir fails there


def check_folder(folder: Path) -> None:
    """Make sure that files can be created in a folder.

    Raises:
        OutputError: it is missing, no folder, or not writable.
    """
    try:
        if not folder.exists():
            raise OutputError(
                f"{folder}: there is no such output folder; make it first (an output file ends in .stream, .npz or "
                ".csv)"
            )
        if not folder.is_dir():
            raise OutputError(f"{folder}: an output folder was expected, but this is a file")
        with tempfile.NamedTemporaryFile(prefix=".facestream_", dir=folder):
            pass
    except OSError as error:
        raise OutputError(
            f"{folder}: nothing can be written there ({error.strerror or error}); choose another output folder"
        ) from error
