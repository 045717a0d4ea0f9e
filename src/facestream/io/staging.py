"""Files that come into sight whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from pathlib import Path
from typing import BinaryIO

from facestream.errors import OutputError

__all__ = ["StagedFile", "check_folder"]

PREFIX = ".facestream-"


class StagedFile:
    """A file that is written under a hidden name in its folder and renamed when it is whole."""

    def __init__(self, path: Path, suffix: str = "") -> None:
        """Begin the file; ``suffix`` ends the hidden name, for writers that look at it.

        Raises:
            OutputError: the folder cannot be written to.
        """
        self.path = path
        self.hidden_path = path.with_name(f"{PREFIX}{secrets.token_hex(8)}{suffix or '.part'}")
        try:
            self.file: BinaryIO = self.hidden_path.open("x+b")
        except OSError as error:
            raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error

    def finish(self) -> None:
        """All bytes are written: put them on the disk."""
        try:
            self.file.flush()
            os.fsync(self.file.fileno())
            self.file.close()
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be written ({error.strerror or error})") from error

    def commit(self) -> None:
        """Bring the finished file into sight in place of an older one."""
        try:
            self.hidden_path.replace(self.path)
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be written ({error.strerror or error})") from error

    def discard(self) -> None:
        """Leave nothing behind; does nothing after ``commit``."""
        with contextlib.suppress(OSError):
            self.file.close()
        with contextlib.suppress(OSError):
            self.hidden_path.unlink()


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
        with tempfile.NamedTemporaryFile(prefix=PREFIX, dir=folder):
            pass
    except OSError as error:
        raise OutputError(
            f"{folder}: nothing can be written there ({error.strerror or error}); choose another output folder"
        ) from error
