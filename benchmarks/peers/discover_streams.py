#!/usr/bin/env python3
"""Read and write SSI streams with discover-utils.

    PYTHON=.peers/discover-utils/bin/python
    $PYTHON benchmarks/peers/discover_streams.py types
    $PYTHON benchmarks/peers/discover_streams.py read TARGET.npz STREAM...
    $PYTHON benchmarks/peers/discover_streams.py write ROWS.npz STREAM --rate-hz 25 [--ascii]

Needs only the ``hcai-discover-utils`` package; ``benchmarks/peers/install.sh discover-utils`` creates an environment
for it. ``types`` prints the version, and the SSI and NumPy names of the numeric types. ``read`` saves the samples of
the streams, in the given order, as ``arr_0``, ``arr_1`` and so on, and prints the metadata. ``write`` writes ``arr_0``.
All output is JSON. Errors of discover-utils are passed on.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import discover_utils
import numpy as np
from discover_utils.data.handler.file_handler import FileHandler, _SSIStreamFileHandler
from discover_utils.data.stream import SSIStream
from discover_utils.utils.type_definitions import SSIFileType, SSINPDataType


def main() -> None:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("types")
    read = commands.add_parser("read")
    read.add_argument("target", type=Path)
    read.add_argument("streams", type=Path, nargs="+")
    write = commands.add_parser("write")
    write.add_argument("rows", type=Path)
    write.add_argument("stream", type=Path)
    write.add_argument("--rate-hz", type=float, required=True)
    write.add_argument("--ascii", action="store_true", help="numbers as text instead of binary")
    write.add_argument("--delim", default=" ", help="separator of the numbers in a line of text")
    write.add_argument("--declare", help="NumPy name of the type in the header, if it is not that of the rows")
    write.add_argument("--media-type", default="")
    write.add_argument("--meta", default="{}", help="further attributes, as JSON")
    write.add_argument("--chunks", type=int, nargs="*", help="number of samples in each chunk, if there are several")
    arguments = parser.parse_args()
    if arguments.command == "types":
        types = {member.name: np.dtype(member.value).name for member in SSINPDataType if member.value}
        json.dump({"version": discover_utils.__version__, "types": types}, sys.stdout)
    elif arguments.command == "read":
        json.dump(read_streams(arguments.target, arguments.streams), sys.stdout)
    else:
        write_stream(arguments)


def read_streams(target: Path, paths: list[Path]) -> list[dict[str, object]]:
    streams = [FileHandler().load(path) for path in paths]
    np.savez(target, *(stream.data for stream in streams))
    return [
        {
            "rate_hz": stream.meta_data.sample_rate,
            "num_samples": stream.meta_data.num_samples,
            "duration_ms": stream.meta_data.duration,
            "media_type": stream.meta_data.media_type,
            "meta": stream.meta_data.custom_meta,
        }
        for stream in streams
    ]


def write_stream(arguments: argparse.Namespace) -> None:
    rows = np.load(arguments.rows)["arr_0"]
    chunks = None
    if arguments.chunks:
        ends = np.cumsum(arguments.chunks)
        chunks = np.array(
            [
                ((end - num) / arguments.rate_hz, end / arguments.rate_hz, 0, num)
                for end, num in zip(ends, arguments.chunks, strict=True)
            ],
            dtype=SSIStream.CHUNK_DTYPE,
        )
    stream = SSIStream(
        rows,
        arguments.rate_hz,
        chunks=chunks,
        dtype=np.dtype(arguments.declare or rows.dtype).type,
        # Without it, the number of columns is taken from the first row, which raises IndexError if there are no rows.
        sample_shape=None if len(rows) else rows.shape[1:],
        media_type=arguments.media_type,
        custom_meta=json.loads(arguments.meta),
    )
    if arguments.ascii:
        # FileHandler.save() ignores the given file type and always writes binary.
        _SSIStreamFileHandler().save(stream, arguments.stream, ftype=SSIFileType.ASCII, delim=arguments.delim)
    else:
        FileHandler().save(stream, arguments.stream)


if __name__ == "__main__":
    main()
