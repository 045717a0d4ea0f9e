"""Make a copy of a video that every browser plays, in a separate process.

``python -m facestream.server.previews.maker FROM TO [HZ]`` writes upright VP9 in WebM with the timestamps of the
frames. It prints its progress as one fraction per line. ``HZ`` is the rate of numbered pictures.
"""

from __future__ import annotations

import sys
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np

from facestream.errors import FacestreamError
from facestream.media.container.ffmpeg import open_writer
from facestream.media.source import open_source

__all__ = ["main", "make_preview"]

MAX_WIDTH = 1280
TICK_S = Fraction(1, 1000)
"""The timestamp resolution of WebM."""

OPTIONS = {"deadline": "realtime", "cpu-used": "8", "row-mt": "1", "crf": "34", "b": "0", "g": "30"}


def make_preview(source: Path, target: Path, sequence_hz: Fraction | None = None) -> None:
    """Write the copy of a video or of numbered pictures.

    Raises:
        SourceError: it is no video.
    """
    with closing(open_source(source, sequence_hz=sequence_hz)) as frames, open_writer(target, "webm") as writer:
        info = frames.info
        shown = info.width * info.pixel_aspect
        scale = min(1.0, MAX_WIDTH / shown)
        # VP9 needs even sides.
        width, height = (max(2, round(side * scale / 2) * 2) for side in (shown, info.height))
        stream = writer.add_stream("libvpx-vp9", rate=Fraction(info.rate_hz), options=OPTIONS)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = TICK_S
        told, shift_s = 0, 0.0
        for number, frame in enumerate(frames):
            if number == 0:
                # WebM has no negative timestamps.
                shift_s = max(0.0, -frame.timestamp_s)
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame.image), format="rgb24").reformat(
                width, height, format="yuv420p"
            )
            picture.pts, picture.time_base = round((frame.timestamp_s + shift_s) / TICK_S), TICK_S
            writer.mux(stream.encode(picture))
            if info.num_frames_header and number * 100 // info.num_frames_header > told:
                told = number * 100 // info.num_frames_header
                print(min(1.0, told / 100), flush=True)  # noqa: T201
        writer.mux(stream.encode(None))


def main(source: Path, target: Path, sequence_hz: str | None = None) -> int:
    """Make the copy; return the exit code."""
    try:
        make_preview(source, target, Fraction(sequence_hz) if sequence_hz else None)
    except (FacestreamError, OSError, av.error.FFmpegError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:]))
