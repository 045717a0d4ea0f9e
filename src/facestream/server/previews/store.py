"""Copies of videos that browsers cannot play. Each is made once, in a separate process, and kept."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from facestream.media.pictures.numbered import is_pattern

__all__ = ["Preview", "Previews"]

COMMAND = (sys.executable, "-m", "facestream.server.previews.maker")


@dataclass(frozen=True, slots=True)
class Preview:
    """The progress of a copy."""

    state: str
    """``making``, ``ready`` or ``failed``."""
    share: float = 0.0
    problem: str = ""


class Previews:
    """The copies in a folder. They are made one at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mutex = threading.Lock()
        self._turn = threading.Lock()
        self._states: dict[Path, Preview] = {}
        self._processes: set[subprocess.Popen[str]] = set()
        self._is_closed = False

    def place(self, source: Path, sequence_hz: float | None = None) -> Path:
        """Return the path for the copy of a video or of numbered pictures, which changes with the source.

        Raises:
            OSError: it is not there any more.
        """
        status = (source.parent if sequence_hz is not None and is_pattern(source) else source).stat()
        rate = "" if sequence_hz is None else f"\0{sequence_hz}"
        name = f"{source}\0{status.st_mtime_ns}\0{status.st_size}{rate}".encode("utf-8", "surrogateescape")
        return self._folder / f"{hashlib.sha256(name).hexdigest()[:32]}.webm"

    def ask(self, source: Path, sequence_hz: float | None = None) -> Preview:
        """Return the progress of the copy of a video or of numbered pictures. The first call starts it."""
        target = self.place(source, sequence_hz)
        with self._mutex:
            if target.is_file():
                os.utime(target)
                return Preview("ready", 1.0)
            if target not in self._states and not self._is_closed:
                self._states[target] = Preview("making")
                threading.Thread(
                    target=self._make, args=(source, target, sequence_hz), name="facestream-preview", daemon=True
                ).start()
            return self._states.get(target, Preview("failed", problem="the server ends"))

    def close(self) -> None:
        """Stop making copies."""
        with self._mutex:
            self._is_closed = True
            processes = list(self._processes)
        for process in processes:
            process.kill()

    def _make(self, source: Path, target: Path, sequence_hz: float | None) -> None:
        part = target.with_name(f".{target.name}.part")
        with self._turn:
            told = self._run(source, part, target, sequence_hz)
        with self._mutex:
            if told:
                self._states[target] = Preview("failed", problem=told)
                part.unlink(missing_ok=True)
            else:
                part.replace(target)
                del self._states[target]

    def _run(self, source: Path, part: Path, target: Path, sequence_hz: float | None) -> str:
        """Make the copy; return the problem, if any."""
        with self._mutex:
            if self._is_closed:
                return "the server ends"
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            words = [str(source), str(part), *([] if sequence_hz is None else [repr(sequence_hz)])]
            process = subprocess.Popen(  # noqa: S603
                [*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            self._processes.add(process)
        assert process.stdout is not None
        assert process.stderr is not None
        with process.stdout, process.stderr:
            for line in process.stdout:
                with self._mutex:
                    self._states[target] = Preview("making", float(line))
            errors = process.stderr.read().strip()
        code = process.wait()
        with self._mutex:
            self._processes.discard(process)
        return "" if code == 0 else errors.rpartition("\n")[2] or f"{source}: no copy can be made of it"
