"""Make remote files readable under a local name, in ranges on demand."""

from __future__ import annotations

import errno
import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from facestream.storage.remote import describe_file, fetch, is_address, open_ranges

__all__ = ["fetched", "open_readable", "readable", "size_of"]

FETCH_BYTES = 64_000_000
"""Smaller files, such as pictures and short clips, are copied at once."""

_mounts: dict[Path, str] = {}
"""The address of each local name."""


@contextmanager
def fetched(source: str) -> Iterator[Path]:
    """Provide a local file: the file itself, or a temporary copy.

    Raises:
        SourceError: the address cannot be read.
        OutputError: the folder of temporary files is full.
    """
    if not is_address(source):
        yield Path(source)
        return
    with _folder_for(source) as path:
        fetch(source, path)
        yield path


@contextmanager
def readable(source: str) -> Iterator[Path]:
    """Provide a local name of a path or address. A temporary copy is removed at the end.

    Raises:
        SourceError: the address cannot be read.
        OutputError: the folder of temporary files is full.
    """
    if not is_address(source):
        yield Path(source)
        return
    with _folder_for(source) as path:
        if describe_file(source)[0] <= FETCH_BYTES:
            fetch(source, path)
            yield path
            return
        _mounts[path] = source
        try:
            yield path
        finally:
            del _mounts[path]


@contextmanager
def _folder_for(source: str) -> Iterator[Path]:
    """Provide the name of a file in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="facestream-") as folder:
        yield Path(folder) / (source.rstrip("/").rpartition("/")[2] or "source")


def open_readable(path: Path) -> BinaryIO:
    """Open a file, or the remote file of its name, unbuffered.

    Raises:
        OSError: it cannot be opened.
        SourceError: its address cannot be read.
    """
    if path in _mounts:
        return cast(BinaryIO, _RangedFile(open_ranges(_mounts[path])))
    return cast(BinaryIO, path.open("rb", buffering=0))


def size_of(path: Path) -> int | None:
    """Return the size of the remote file of a name; ``None`` for a local file.

    Raises:
        SourceError: its address cannot be read.
    """
    return describe_file(_mounts[path])[0] if path in _mounts else None


class _RangedFile(io.RawIOBase):
    """A remote file that raises the same errors as a local one."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        with _as_errors_of_files():
            return self._file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        with _as_errors_of_files():
            return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        self._file.close()
        super().close()


@contextmanager
def _as_errors_of_files() -> Iterator[None]:
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        raise OSError(errno.EIO, str(error) or type(error).__name__) from error
