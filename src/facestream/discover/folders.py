"""The folders that a job may read and write, and the resolution of paths in requests."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from facestream.errors import RequestError, SourceError
from facestream.media.pictures.numbered import find_pictures, is_pattern

__all__ = ["JobFolders", "check_plain_name", "is_file_name"]

WINDOWS_DRIVE = re.compile(r"[A-Za-z]:")
NOT_IN_NAMES = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""Control characters. NUL ends a path, and line breaks would let a name add lines to a log."""
MAX_NAME_BYTES = 200
"""The longest word for a part of a path. File systems allow 255 bytes, including the extension."""

ALLOWING_OPTION = "--data-dir"


@dataclass(frozen=True, slots=True)
class JobFolders:
    """The data folders, of which the first one receives outputs, and the folder of uploads."""

    data_folders: Sequence[Path]
    upload_folder: Path | None = None

    def find_input(self, uri: str) -> Path:
        """Find the file of a path in a request: in each data folder in order, then among the uploads.

        Raises:
            RequestError: it does not exist, or lies outside of the data folders.
        """
        path = _as_path(uri)
        folders = [*self.data_folders, *([self.upload_folder] if self.upload_folder else [])]
        if path.is_absolute():
            return self._inside_with_pictures(path, uri, folders)
        for folder in folders:
            if os.path.lexists(folder / path) or (is_pattern(folder / path) and (folder / path).parent.is_dir()):
                return self._inside_with_pictures(folder / path, uri, folders)
        # Report paths that would lie outside even if they existed.
        self._inside(folders[0] / path, uri, folders)
        raise RequestError(f"{uri}: there is no such file in {_listed(folders)}")

    def place_output(self, uri: str) -> Path:
        """Return the place of an output, in the first data folder or at an absolute path, and create its folder.

        Raises:
            RequestError: it lies outside, or its folder cannot be made.
        """
        path = self.check_output(uri)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RequestError(f"{uri}: its folder cannot be made ({error.strerror or error})") from error
        return path

    def check_output(self, uri: str) -> Path:
        """Return the place of an output without creating anything.

        Raises:
            RequestError: it lies outside.
        """
        path = self._inside(self.data_folders[0] / _as_path(uri), uri, self.data_folders)
        if path in {_real(folder) for folder in self.data_folders}:
            raise RequestError(f"{uri}: a folder, where an output file was expected")
        return path

    def holds(self, path: Path) -> bool:
        """Whether a file lies in one of the data folders after resolving links."""
        return any(_real(path).is_relative_to(_real(folder)) for folder in self.data_folders)

    def _inside_with_pictures(self, path: Path, uri: str, folders: Sequence[Path]) -> Path:
        """Resolve links. Of a folder or pattern, each picture must lie inside as well.

        Raises:
            RequestError: one lies outside.
        """
        if is_pattern(path):
            real = self._inside(path.parent, uri, folders) / path.name
        else:
            real = self._inside(path, uri, folders)
            if not real.is_dir():
                return real
        # If there are none, or the folder cannot be read, opening it will report that.
        with suppress(SourceError):
            for picture in find_pictures(real):
                if picture.is_symlink():
                    self._inside(picture, f"{uri}/{picture.name}", folders)
        return real

    def _inside(self, path: Path, uri: str, folders: Sequence[Path]) -> Path:
        """Return the path after resolving links.

        Raises:
            RequestError: it lies in none of the folders.
        """
        real = _real(path)
        if not any(real.is_relative_to(_real(folder)) for folder in folders):
            raise RequestError(
                f"{uri}: outside of the folders that jobs may use ({_listed(folders)}); "
                f"{ALLOWING_OPTION} FOLDER would allow it"
            )
        return real


def is_file_name(text: str) -> bool:
    """Whether a path contains neither control characters nor unpaired surrogates."""
    try:
        # Surrogates of undecodable names would pass the second check alone.
        text.encode("utf-8")
        os.fsencode(text)
    except UnicodeError:
        return False
    return not NOT_IN_NAMES.search(text)


def check_plain_name(name: str | None, what: str) -> str:
    """Return a word that may become one part of a path.

    Raises:
        RequestError: it is missing, or more than one part.
    """
    if not name:
        raise RequestError(f"the request does not give the {what}")
    is_path = name in (".", "..") or any(character in name for character in "/\\:") or name != name.strip()
    if is_path or not is_file_name(name):
        raise RequestError(f"{what} {name[:80]!r} is no plain name; it may not be a path or hold control characters")
    if len(os.fsencode(name)) > MAX_NAME_BYTES:
        raise RequestError(
            f"{what} {name[:80]!r}... has {len(os.fsencode(name))} bytes; a name has room for {MAX_NAME_BYTES}"
        )
    return name


def _as_path(uri: str) -> Path:
    """Parse a path with slashes of either kind.

    Raises:
        RequestError: it cannot be one here.
    """
    if not uri.strip() or not is_file_name(uri):
        raise RequestError(f"uri {uri[:80]!r} is no path")
    if os.name != "nt" and WINDOWS_DRIVE.match(uri):
        raise RequestError(f"{uri}: a path of a Windows drive, which this machine does not have")
    return Path(uri if os.name == "nt" else uri.replace("\\", "/"))


def _real(path: Path) -> Path:
    # Unlike resolve, realpath tolerates circular links.
    return Path(os.path.realpath(path))


def _listed(folders: Sequence[Path]) -> str:
    return ", ".join(str(folder) for folder in folders)
