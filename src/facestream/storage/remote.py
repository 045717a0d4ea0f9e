"""Remote files, by addresses that fsspec knows: ``s3://bucket/clip.mp4``, ``https://...``, ``memory://...``."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from facestream.errors import OutputError, SourceError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

__all__ = ["describe_file", "fetch", "find_files", "is_address", "is_there", "open_ranges", "remove", "store"]

ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
"""A scheme has two or more letters, unlike a drive."""

BLOCK_BYTES = 1 << 20
"""The size of one request."""


def is_address(text: str) -> bool:
    """Whether a text is an address rather than a path."""
    return ADDRESS.match(text) is not None


def find_files(address: str) -> Iterator[tuple[str, str]]:
    """Expand an address to files: the address of each, and its name relative to the folder or pattern.

    Raises:
        SourceError: the place cannot be reached.
    """
    files, place = _open_place(address)
    try:
        if any(mark in place for mark in "*?["):
            root = place[: min(place.find(mark) for mark in "*?[" if mark in place)].rpartition("/")[0]
            found = sorted(files.glob(place))
        elif not files.isdir(place):
            yield address, address.rstrip("/").rpartition("/")[2]
            return
        else:
            root, found = place, sorted(files.find(place))
    except Exception as error:
        raise SourceError(f"{address}: cannot be looked into ({_reason(error)})") from error
    for path in found:
        yield files.unstrip_protocol(path), path[len(root) :].lstrip("/")


def describe_file(address: str) -> tuple[int, str]:
    """Return the size of a file, and its time or version from the store.

    Raises:
        SourceError: it is not there, or cannot be reached.
    """
    files, place = _open_place(address)
    try:
        details = files.info(place)
    except Exception as error:
        raise _unreachable(address, error) from error
    names = ("ETag", "etag", "mtime", "LastModified", "last_modified", "updated", "created")
    mark = next((str(details[name]) for name in names if details.get(name) is not None), "")
    return int(details.get("size") or 0), mark


def open_ranges(address: str) -> BinaryIO:
    """Open a file that is read in ranges on demand.

    Raises:
        SourceError: it is not there, or cannot be reached.
    """
    files, place = _open_place(address)
    try:
        return cast(BinaryIO, files.open(place, "rb", block_size=BLOCK_BYTES))
    except Exception as error:
        raise _unreachable(address, error) from error


def fetch(address: str, path: Path) -> None:
    """Copy a file to a local one, in ranges.

    Raises:
        SourceError: it cannot be read.
        OutputError: the local one cannot be written.
    """
    with open_ranges(address) as source:
        try:
            target = path.open("wb")
        except OSError as error:
            raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error
        with target:
            try:
                shutil.copyfileobj(source, target, BLOCK_BYTES)
            except Exception as error:
                raise SourceError(f"{address}: reading broke off ({_reason(error)})") from error


def store(path: Path, address: str) -> None:
    """Copy a local file to an address under a temporary name, then rename it.

    Raises:
        OutputError: it cannot be written.
    """
    files, place = _open_place(address)
    folder, _, name = place.rpartition("/")
    hidden = f"{folder}/.facestream-{secrets.token_hex(8)}.part-{name}"
    try:
        files.makedirs(folder, exist_ok=True)
        files.put_file(os.fspath(path), hidden)
        files.mv(hidden, place)
    except Exception as error:
        # Report the first error.
        with contextlib.suppress(Exception):
            files.rm(hidden)
        raise OutputError(f"{address}: cannot be written ({_reason(error)})") from error


def is_there(address: str) -> bool:
    """Whether a file exists.

    Raises:
        OutputError: the place cannot be reached.
    """
    files, place = _open_place(address)
    try:
        return bool(files.exists(place))
    except Exception as error:
        raise OutputError(f"{address}: cannot be reached ({_reason(error)})") from error


def remove(address: str) -> None:
    """Remove a file if it exists.

    Raises:
        OutputError: it cannot be removed.
    """
    files, place = _open_place(address)
    try:
        if files.exists(place):
            files.rm(place)
    except Exception as error:
        raise OutputError(f"{address}: cannot be removed ({_reason(error)})") from error


def _open_place(address: str) -> tuple[AbstractFileSystem, str]:
    try:
        import fsspec.core
    except ImportError:
        raise SourceError(
            f"{address}: files elsewhere are read with fsspec: pip install 'facestream[remote]'"
        ) from None
    try:
        opened: tuple[Any, Any] = fsspec.core.url_to_fs(address)
    except ImportError as error:
        raise SourceError(f"{address}: fsspec needs another package for this ({_reason(error)})") from error
    except Exception as error:
        raise SourceError(f"{address}: no address that can be used ({_reason(error)})") from error
    return cast("AbstractFileSystem", opened[0]), str(opened[1])


def _unreachable(address: str, error: Exception) -> SourceError:
    if isinstance(error, FileNotFoundError):
        return SourceError(f"{address}: there is no such file")
    return SourceError(f"{address}: cannot be read ({_reason(error)})")


def _reason(error: Exception) -> str:
    """Turn any exception of a store into an error of one line."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:200]
