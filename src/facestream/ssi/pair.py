"""Replace the two files of a stream so that a header never belongs to the wrong samples.

No file system renames two files at once. So an old header is set aside first, then the samples are renamed, and the new
header comes last. At every moment, the files on disk show how to continue. An interrupted run, or a later run after a
kill, completes the pair if the new samples are in place, and otherwise restores the old one.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from facestream.errors import OutputError, SourceError
from facestream.ssi.header import data_path, read_header
from facestream.storage.locks import locked_folder
from facestream.storage.staging import PREFIX, StagedFile, sweep_staged_files

__all__ = ["StagedPair", "has_unfinished_pair", "settle_folder"]

HIDDEN_NAME = re.compile(re.escape(PREFIX) + r"(?P<digest>[0-9a-f]{16})-(?P<token>[0-9a-f]{16})\.(pending|old)")


class StagedPair:
    """A header and its samples, under hidden names until ``commit``."""

    def __init__(self, path: Path) -> None:
        """Begin the samples of the header ``path``.

        Raises:
            OutputError: the folder cannot be written to.
        """
        self.path = path
        self._samples = StagedFile(data_path(path))
        self._header: StagedFile | None = None
        self._change = _Change(path.parent, _digest(path), self._samples.token, path)

    @property
    def samples(self) -> BinaryIO:
        """Return the staged path of the samples."""
        return self._samples.file

    def finish(self, header: bytes) -> None:
        """Write the header after all samples, still under its hidden name."""
        self._samples.finish()
        self._header = StagedFile(self.path)
        self._header.file.write(header)
        self._header.finish()

    def commit(self) -> None:
        """Rename both files to their final names; older ones are replaced.

        Raises:
            OutputError: they cannot be; what was there before is there again.
        """
        assert self._header is not None, "finish() comes before commit()"
        with locked_folder(self.path.parent):
            try:
                self._samples.leave_to_later_runs()
                self._header.rename_hidden(self._change.pending)
                if self.path.exists():
                    self.path.rename(self._change.old)
                self._samples.commit()
                self._header.commit()
            except OSError as error:
                raise OutputError(f"{self.path}: cannot be written ({error.strerror or error})") from error
            finally:
                # Also after an error or Ctrl-C.
                self._settle()

    def discard(self) -> None:
        """Remove the hidden files; does nothing after ``commit``."""
        if self._header is not None and self._header.hidden_path == self._change.pending:
            # A second Ctrl-C may have interrupted commit().
            with locked_folder(self.path.parent):
                self._settle()
            self._header.file.close()
        elif self._header is not None:
            self._header.discard()
        self._samples.discard()

    def _settle(self) -> None:
        # What cannot be completed now is left to the next run.
        with contextlib.suppress(OSError):
            self._change.settle()


def settle_folder(folder: Path) -> None:
    """Complete or remove what killed runs left in a folder."""
    with contextlib.suppress(OSError), locked_folder(folder) as is_locked:
        # Pairs come first, since their staged samples identify them.
        for change in _changes(folder) if is_locked else ():
            change.settle()
        sweep_staged_files(folder)


def has_unfinished_pair(path: Path) -> bool:
    """Whether the samples of this stream are from a killed run whose header is still staged."""
    return any(change.digest == _digest(path) for change in _changes(path.parent))


@dataclass(frozen=True, slots=True)
class _Change:
    """The hidden names of a pair that is being replaced."""

    folder: Path
    digest: str
    """A digest of the header name, since longer names could exceed the limit of the file system."""
    token: str
    """The path of the staged samples."""
    path: Path | None
    """Return the header; ``None`` if there are no samples with this digest."""

    @property
    def pending(self) -> Path:
        """The new header, until its samples are in place."""
        return self.folder / f"{PREFIX}{self.digest}-{self.token}.pending"

    @property
    def old(self) -> Path:
        """The old header, set aside."""
        return self.folder / f"{PREFIX}{self.digest}-{self.token}.old"

    def settle(self) -> None:
        """Complete the new pair from the files on disk, or restore the old one."""
        if self.path is not None and self._has_new_samples(self.path):
            if self.pending.exists():
                self.pending.replace(self.path)
        elif self.path is not None and self.old.exists() and not self.path.exists():
            self.old.rename(self.path)
        self.pending.unlink(missing_ok=True)
        self.old.unlink(missing_ok=True)

    def _has_new_samples(self, path: Path) -> bool:
        if (self.folder / f"{PREFIX}{self.token}.part").exists():
            return False
        try:
            return not self.pending.exists() or read_header(self.pending).num_bytes == data_path(path).stat().st_size
        except (OSError, SourceError):
            return False


def _changes(folder: Path) -> list[_Change]:
    found = {
        (match["digest"], match["token"])
        for name in folder.glob(f"{PREFIX}*")
        if (match := HIDDEN_NAME.fullmatch(name.name))
    }
    if not found:
        return []
    headers = [name.with_name(name.name.removesuffix("~")) for name in folder.glob("*~")]
    by_digest = {_digest(header): header for header in headers}
    return [_Change(folder, digest, token, by_digest.get(digest)) for digest, token in sorted(found)]


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]
