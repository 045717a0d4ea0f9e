"""``facestream info``."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from facestream.cli.report import print_error, print_result
from facestream.errors import FacestreamError

if TYPE_CHECKING:
    from facestream.inspection import StreamDescription

__all__ = ["info"]


@click.command(short_help="What streams hold.")
@click.argument(
    "streams", metavar="FILE.stream...", nargs=-1, required=True, type=click.Path(path_type=Path, readable=False)
)
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON a stream.")
def info(streams: tuple[Path, ...], as_json: bool) -> int:
    """Tell what SSI streams hold: header, rows, rate, ranges, and the share of rows with a face.

    Where the media type is one of faces, ranges are over the rows with a face.
    """
    from facestream.inspection import describe_stream

    num_failed = 0
    for number, stream in enumerate(streams):
        try:
            description = describe_stream(stream)
        except FacestreamError as error:
            print_error(f"error: {error}")
            num_failed += 1
            continue
        if number and not as_json:
            print_result("")
        for line in [json.dumps(_as_json(description))] if as_json else _lines(description):
            print_result(line)
    return 1 if num_failed else 0


def _lines(description: StreamDescription) -> list[str]:
    from facestream.io.clock import format_rate

    header = description.header
    chunks = f" in {header.num_chunks} chunks" if header.num_chunks > 1 else ""
    facts = {
        "file": str(description.path),
        "rows": f"{header.num_rows} of {header.dim} columns{chunks}",
        "rate": f"{format_rate(header.rate_hz)} Hz, {description.seconds:.2f} s",
        "samples": f"{'ASCII' if header.is_ascii else 'BINARY'} {header.type_name}"
        + ("" if header.is_ascii else f", {header.num_bytes / 1e6:.2f} MB"),
        "media type": header.media_type or "none",
    }
    # An attribute of the header may be called anything, "rows" for one.
    taken = {*facts, "face", *description.ranges}
    facts |= {f"@{name}" if name in taken else name: value for name, value in header.meta.items()}
    if description.num_rows_with_face is not None:
        share = description.num_rows_with_face / max(header.num_rows, 1) * 100
        facts["face"] = f"in {description.num_rows_with_face} rows ({share:.1f} %)"
    lines = [f"{name:<12} {value}" for name, value in facts.items()]
    for name, values in description.ranges.items():
        line = f"{name:<12} {values.minimum:.6g} to {values.maximum:.6g}, mean {values.mean:.6g}"
        if math.isnan(values.minimum):
            line = f"{name:<12} no finite values"
        lines.append(line + (f", {values.num_not_finite} not finite" if values.num_not_finite else ""))
    return lines


def _as_json(description: StreamDescription) -> dict[str, Any]:
    header = description.header
    return {
        "file": str(description.path),
        "ftype": "ASCII" if header.is_ascii else "BINARY",
        "type": header.type_name,
        "rows": header.num_rows,
        "columns": header.dim,
        "chunks": header.num_chunks,
        "rate_hz": header.rate_hz,
        "seconds": description.seconds,
        "media_type": header.media_type,
        "meta": dict(header.meta),
        "rows_with_face": description.num_rows_with_face,
        "ranges": {
            name: {
                "min": _number(values.minimum),
                "max": _number(values.maximum),
                "mean": _number(values.mean),
                "not_finite": values.num_not_finite,
            }
            for name, values in description.ranges.items()
        },
    }


def _number(value: float) -> float | None:
    """JSON has no NaN."""
    return None if math.isnan(value) else value
