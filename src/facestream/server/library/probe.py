"""Inspect a video in a separate process, so that a crash in a codec does not affect the server.

``python -m facestream.server.library.probe FILE [HZ]`` prints a line of JSON, then the timestamps of the frames as
float64.
``HZ`` is the rate of numbered pictures.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from facestream.errors import FacestreamError, SourceError

__all__ = ["ProbedVideo", "main", "probe_video"]

COMMAND = (sys.executable, "-m", "facestream.server.library.probe")
MAX_SECONDS = 120


@dataclass(frozen=True, slots=True)
class ProbedVideo:
    """The facts about a picture or video that a viewer needs."""

    kind: str
    """``picture`` or ``video``."""
    width: int
    height: int
    rate_hz: float
    times: bytes
    """The timestamps in seconds, (frames,) little-endian float64."""


def probe_video(path: Path, sequence_hz: float | None = None) -> ProbedVideo:
    """Inspect a video or numbered pictures.

    Raises:
        SourceError: it is not a picture or video, or takes too long to inspect.
    """
    try:
        words = [str(path), *([] if sequence_hz is None else [repr(sequence_hz)])]
        run = subprocess.run([*COMMAND, *words], capture_output=True, timeout=MAX_SECONDS, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise SourceError(f"{path}: takes too long to inspect") from None
    if run.returncode:
        told = run.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise SourceError(told if run.returncode == 1 and told else f"{path}: cannot be inspected; it may be damaged")
    line, _, times = run.stdout.partition(b"\n")
    return ProbedVideo(**json.loads(line), times=times)


def main(path: Path, sequence_hz: str | None = None) -> int:
    """Print the facts about a file; return the exit code."""
    from facestream.media.source import open_source
    from facestream.media.video.frame_times import read_frame_times

    try:
        with closing(open_source(path, 1, sequence_hz=Fraction(sequence_hz) if sequence_hz else None)) as source:
            info = source.info
        times = read_frame_times(info)
    except FacestreamError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    told = {"kind": info.kind, "width": info.width, "height": info.height, "rate_hz": float(info.rate_hz)}
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n" + times.astype("<f8").tobytes())
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
