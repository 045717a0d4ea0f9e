"""Files that come into sight whole or not at all."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import tempfile
from pathlib import Path
from typing import BinaryIO

from facestream.errors import OutputError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["PENDING_SUFFIX", "PREFIX", "StagedFile", "check_folder", "sweep_leftovers"]

PREFIX = ".facestream-"

PENDING_SUFFIX = ".pending"
"""Of headers that wait for their samples to come into sight; they outlive a killed run."""

LEFTOVER = re.compile(re.escape(PREFIX) + r"[0-9a-f]{16}\.(part|mp4|old)")
"""The hidden names of staged files, and of headers that were set aside."""


class StagedFile:
    """A file that is written under a hidden name in its folder and renamed when it is whole.

    The hidden file is locked as long as its run lives, by which ``sweep_leftovers`` knows those of dead runs.
    """

    def __init__(self, path: Path, suffix: str = "") -> None:
        """Begin the file; ``suffix`` ends the hidden name, for writers that look at it.

        Raises:
            OutputError: the folder cannot be written to.
        """
        self.path = path
        try:
            while True:
                self.hidden_path = path.with_name(f"{PREFIX}{secrets.token_hex(8)}{suffix or '.part'}")
                self.file: BinaryIO = self.hidden_path.open("x+b")
                # Another run may have swept the file between its birth and its lock.
                if not _lock(self.file, wait=True) or self.hidden_path.exists():
                    break
                self.file.close()
        except OSError as error:
            raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error

    def finish(self) -> None:
        """All bytes are written: put them on the disk."""
        try:
            self.file.flush()
            os.fsync(self.file.fileno())
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be written ({error.strerror or error})") from error

    def rename_hidden(self, path: Path) -> None:
        """Give the finished file another hidden name."""
        self._close_where_open_files_cannot_be_renamed()
        self.hidden_path.replace(path)
        self.hidden_path = path

    def commit(self) -> None:
        """Bring the finished file into sight in place of an older one."""
        try:
            self._close_where_open_files_cannot_be_renamed()
            self.hidden_path.replace(self.path)
            self.file.close()
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be written ({error.strerror or error})") from error

    def discard(self) -> None:
        """Leave nothing behind; does nothing after ``commit``."""
        with contextlib.suppress(OSError):
            self.file.close()
        with contextlib.suppress(OSError):
            self.hidden_path.unlink()

    def _close_where_open_files_cannot_be_renamed(self) -> None:
        if os.name == "nt":
            self.file.close()


def sweep_leftovers(folder: Path) -> None:
    """Remove the hidden files that killed runs left in a folder; those of living runs are locked and stay."""
    with contextlib.suppress(OSError):
        for path in folder.glob(f"{PREFIX}*"):
            # Opening anything but a file could wait for ever.
            if LEFTOVER.fullmatch(path.name) and path.is_file():
                _remove_if_dead(path)


def _remove_if_dead(path: Path) -> None:
    with contextlib.suppress(OSError), path.open("rb") as file:
        if _lock(file, wait=False):
            path.unlink()


def _lock(file: BinaryIO, *, wait: bool) -> bool:
    """Lock an open file; false where another run has it and is not waited for, or where there are no locks."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


def check_folder(folder: Path) -> None:
    """Make sure that files can be made in a folder.

    Raises:
        OutputError: it is missing, no folder, or not writable.
    """
    if not folder.exists():
        raise OutputError(
            f"{folder}: there is no such output folder; make it first (an output file ends in .stream, .npz or .csv)"
        )
    if not folder.is_dir():
        raise OutputError(f"{folder}: an output folder was wanted, but this is a file")
    try:
        with tempfile.NamedTemporaryFile(prefix=".facestream_", dir=folder):
            pass
    except OSError as error:
        raise OutputError(
            f"{folder}: nothing can be written there ({error.strerror or error}); choose another output folder"
        ) from error
