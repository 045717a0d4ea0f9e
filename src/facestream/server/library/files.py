"""List and find files in the data folders."""

from __future__ import annotations

import os
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from facestream.discover.folders import JobFolders
from facestream.errors import RequestError
from facestream.media.pictures.numbered import is_pattern
from facestream.server.library.probe import ProbedVideo, probe_video

__all__ = ["MEDIA_TYPES", "Entry", "Library", "kind_of"]

MEDIA_TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/mp4",
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
    ".avi": "video/x-msvideo",
    ".mpg": "video/mpeg",
    ".mpeg": "video/mpeg",
    ".ts": "video/mp2t",
    ".wmv": "video/x-ms-wmv",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".bmp": "image/bmp",
}
"""The media types of files that a browser may display. All other files are downloads."""

STREAM_SUFFIX = ".stream"
MAX_ENTRIES = 5_000
MAX_PROBES = 64


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or folder."""

    path: Path
    kind: str
    num_bytes: int
    modified_s: float


class Library:
    """Access to the data folders."""

    def __init__(self, folders: JobFolders) -> None:
        self._folders = folders
        self._probes: OrderedDict[tuple[Path, int, int, float | None], ProbedVideo] = OrderedDict()

    def entries(self, path: Path | None) -> list[Entry]:
        """List a folder, or the data folders. Links that lead outside are left out.

        Raises:
            RequestError: it does not exist.
        """
        if path is None:
            return [_entry(Path(os.path.realpath(folder))) for folder in self._folders.data_folders]
        found = []
        try:
            with os.scandir(path) as files:
                for file in files:
                    # Samples are listed with their stream; hidden files are not listed.
                    if file.name.startswith(".") or file.name.endswith("~"):
                        continue
                    if not self._folders.holds(Path(file.path)):
                        continue
                    found.append(_entry(Path(file.path)))
                    if len(found) > MAX_ENTRIES:
                        break
        except OSError as error:
            raise RequestError(f"{path}: cannot be listed ({error.strerror or error})") from error
        return sorted(found, key=lambda entry: (entry.kind != "folder", entry.path.name.lower()))

    def find(self, path: str) -> Path:
        """Find a file that may be read.

        Raises:
            RequestError: it does not exist, or lies outside of the data folders.
        """
        found = self._folders.find_input(path)
        if not found.is_file():
            raise RequestError(f"{path}: there is no such file")
        return found

    def find_clip(self, path: str, sequence_hz: float | None) -> Path:
        """Find a picture or video that may be read, or a folder or pattern of numbered pictures.

        Raises:
            RequestError: it does not exist, or lies outside of the data folders.
        """
        return self.find(path) if sequence_hz is None else self._folders.find_input(path)

    def find_folder(self, path: str) -> Path:
        """Find a folder that may be listed.

        Raises:
            RequestError: it does not exist, or lies outside of the data folders.
        """
        found = self._folders.find_input(path)
        if not found.is_dir() or not self._folders.holds(found):
            raise RequestError(f"{path}: there is no such folder")
        return found

    def parent(self, path: Path) -> Path | None:
        """Return the parent folder, if it may be listed as well."""
        return path.parent if self._folders.holds(path.parent) else None

    def probe(self, path: Path, sequence_hz: float | None = None) -> ProbedVideo:
        """Inspect a video. The result is kept until the file changes.

        Raises:
            SourceError: it is not a picture or video.
        """
        status = (path.parent if sequence_hz is not None and is_pattern(path) else path).stat()
        key = (path, status.st_mtime_ns, status.st_size, sequence_hz)
        if key not in self._probes:
            self._probes[key] = probe_video(path, sequence_hz)
            while len(self._probes) > MAX_PROBES:
                self._probes.popitem(last=False)
        return self._probes[key]


def kind_of(path: Path) -> str:
    """Return the kind of a file by its name."""
    suffix = path.suffix.lower()
    if suffix == STREAM_SUFFIX:
        return "stream"
    return {"video": "video", "image": "picture"}.get(MEDIA_TYPES.get(suffix, "").partition("/")[0], "other")


def _entry(path: Path) -> Entry:
    try:
        status = path.stat()
    except OSError:
        return Entry(path, "other", 0, 0.0)
    return Entry(path, "folder" if path.is_dir() else kind_of(path), status.st_size, status.st_mtime)
