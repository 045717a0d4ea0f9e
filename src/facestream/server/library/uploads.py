"""Resumable uploads."""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from facestream.errors import FacestreamError, RequestError

__all__ = ["Upload", "Uploads", "plain_suffix"]

MAX_SUFFIX = 10
NAME = re.compile(r"[0-9a-f]{16}-[0-9]{1,15}(\.[a-z0-9]{1,9})?")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that has arrived in part or completely."""

    name: str
    """The name for requests, and for jobs once the file is complete."""
    num_bytes: int
    num_bytes_there: int

    @property
    def is_whole(self) -> bool:
        return self.num_bytes_there == self.num_bytes


def plain_suffix(name: str) -> str:
    """Return the file extension of a client's file name, if it consists of letters and digits."""
    suffix = Path(name.replace("\\", "/")).suffix.lower()
    is_plain = 1 < len(suffix) <= MAX_SUFFIX and suffix[1:].isascii() and suffix[1:].isalnum()
    return suffix if is_plain else ""


class Uploads:
    """Files that arrive in parts, in the folder of uploads. Unfinished ones are hidden."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes

    def begin(self, client_name: str, num_bytes: int) -> Upload:
        """Begin an upload.

        Raises:
            RequestError: it is empty, or too large.
        """
        if num_bytes < 1:
            raise RequestError(f"{client_name[:200]}: the file is empty")
        if num_bytes > self._max_bytes:
            raise RequestError(
                f"{client_name[:200]}: {num_bytes / 1e6:.0f} MB, where at most {self._max_bytes / 1e6:.0f} MB may come"
            )
        name = f"{secrets.token_hex(8)}-{num_bytes}{plain_suffix(client_name)}"
        self._part(name).touch(mode=0o600)
        return self.find(name)

    def find(self, name: str) -> Upload:
        """Return how much of a file has arrived.

        Raises:
            RequestError: there is no such upload.
        """
        if not NAME.fullmatch(name):
            raise RequestError(f"there is no upload {name[:80]!r}")
        num_bytes = int(name.partition("-")[2].partition(".")[0])
        for path in (self._folder / name, self._part(name)):
            if path.is_file():
                return Upload(name, num_bytes, path.stat().st_size)
        raise RequestError(f"there is no upload {name[:80]!r}")

    def append(self, name: str, offset: int, content: bytes) -> Upload:
        """Append bytes at an offset. The file appears once it is complete.

        Raises:
            RequestError: there is no such upload, or it must continue at another offset.
            FacestreamError: the disk is full.
        """
        upload = self.find(name)
        if upload.is_whole or offset != upload.num_bytes_there or offset + len(content) > upload.num_bytes:
            raise RequestError(
                f"upload {name}: {upload.num_bytes_there} of {upload.num_bytes} bytes are there; go on from there"
            )
        try:
            with self._part(name).open("r+b") as file:
                file.seek(offset)
                file.write(content)
        except OSError as error:
            os.truncate(self._part(name), offset)
            raise FacestreamError(f"upload {name}: cannot be written ({error.strerror or error})") from error
        if offset + len(content) == upload.num_bytes:
            self._part(name).replace(self._folder / name)
        return self.find(name)

    def _part(self, name: str) -> Path:
        return self._folder / f".{name}.part"
