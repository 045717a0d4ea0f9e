"""Find faces in pictures of live cameras, in a separate process that keeps its networks loaded.

``python -m facestream.server.live.worker`` reads a line of JSON and a picture, and answers with a line of JSON and rows
of a mesh stream. It ends when the server closes the pipe.
"""

from __future__ import annotations

import io
import json
import math
import os
import sys
from fractions import Fraction
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from facestream.discover.modules.live_faces import LiveFaces
from facestream.errors import FacestreamError, RequestError
from facestream.ssi.columns import MESH_COLUMNS, MESH_MEDIA_TYPE
from facestream.ssi.writer import SsiStreamWriter

__all__ = ["LiveWorker", "Recording", "main", "read_picture"]

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_PIXELS = 8_300_000
"""4K."""

RECORDING_HZ = 25
"""The rate of recordings. Cameras and networks are irregular, so each row holds the newest mesh at its time."""


ROUNDING = 1e-6
"""Return a time in rows."""


class Recording:
    """The first face of a camera as a stream on a constant clock."""

    def __init__(self, path: Path, started_s: float) -> None:
        self.path = path
        self.num_rows = 0
        self._started_s = started_s
        self._writer = SsiStreamWriter(path, MESH_COLUMNS)
        self._row: npt.NDArray[np.float32] = np.zeros(MESH_COLUMNS, np.float32)
        self._size = (1, 1)

    def add(self, row: npt.NDArray[np.float32] | None, size: tuple[int, int], time_s: float) -> None:
        """Record a mesh, or that there is no face, from a time on."""
        self._fill(time_s)
        self._row = np.zeros(MESH_COLUMNS, np.float32) if row is None else row
        self._size = size

    def finish(self, time_s: float) -> None:
        """Complete the stream, so that it appears."""
        self._fill(time_s)
        if not self.num_rows:
            self._writer.discard()
            raise RequestError(f"{self.path}: nothing was recorded")
        self._writer.finish(Fraction(RECORDING_HZ), MESH_MEDIA_TYPE, {"size": f"{self._size[0]}:{self._size[1]}"})
        self._writer.commit()

    def discard(self) -> None:
        self._writer.discard()

    def _fill(self, time_s: float) -> None:
        # The row at exactly this time belongs to the new mesh.
        wanted = math.ceil((time_s - self._started_s) * RECORDING_HZ - ROUNDING)
        while self.num_rows < wanted:
            self._writer.write(self._row[None])
            self.num_rows += 1


class LiveWorker:
    """The worker's end of the pipe."""

    def __init__(self, commands: IO[bytes], answers: IO[bytes]) -> None:
        self._commands = commands
        self._answers = answers
        self._faces = LiveFaces()
        self._recordings: dict[int, Recording] = {}

    def run(self) -> None:
        """Answer until the server closes the pipe."""
        self._say({"kind": "ready"})
        while line := self._commands.readline():
            command = json.loads(line)
            content = self._commands.read(command.get("num_bytes", 0))
            try:
                self._heed(command, content)
            except FacestreamError as error:
                self._say({"kind": "problem", "text": str(error)})
            except OSError as error:
                self._say({"kind": "problem", "text": error.strerror or str(error)})
        for recording in self._recordings.values():
            recording.discard()

    def _heed(self, command: dict[str, Any], content: bytes) -> None:
        visitor, time_s = command["visitor"], command["time_s"]
        recording = self._recordings.get(visitor)
        if command["kind"] == "frame":
            picture = read_picture(content)
            rows = self._faces.find(picture)
            size = (picture.shape[1], picture.shape[0])
            if recording is not None:
                recording.add(rows[0] if len(rows) else None, size, time_s)
            self._say({"kind": "mesh", "num_faces": len(rows), "size": size}, rows.tobytes())
        elif command["kind"] == "record":
            if recording is None:
                self._recordings[visitor] = Recording(Path(command["path"]), time_s)
            self._say({"kind": "recording"})
        else:
            if recording is not None:
                del self._recordings[visitor]
                recording.finish(time_s)
            told = {} if recording is None else {"path": str(recording.path), "num_rows": recording.num_rows}
            self._say({"kind": "stopped", **told})

    def _say(self, values: dict[str, Any], content: bytes = b"") -> None:
        self._answers.write(json.dumps({**values, "num_bytes": len(content)}).encode() + b"\n" + content)
        self._answers.flush()


def read_picture(content: bytes) -> npt.NDArray[np.uint8]:
    """Decode a picture as RGB (H, W, 3).

    Raises:
        RequestError: it is not a picture, or is too large.
    """
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise RequestError(
                    f"the picture has {picture.width} x {picture.height} pixels, where at most "
                    f"{MAX_PIXELS / 1e6:.1f} megapixels are allowed"
                )
            return np.asarray(picture.convert("RGB"))
    except RequestError:
        raise
    except Exception as error:  # Pillow's readers raise any error of their libraries
        raise RequestError(f"that is no picture ({error})") from error


def main() -> None:
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    LiveWorker(sys.stdin.buffer, answers).run()


if __name__ == "__main__":
    main()
