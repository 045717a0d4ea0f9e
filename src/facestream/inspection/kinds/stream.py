"""Description of an SSI stream."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facestream.inspection.columns import share_fact, tally_columns
from facestream.inspection.description import Fact
from facestream.inspection.value_range import ValueRange, range_facts, ranges_as_json
from facestream.media.clock import format_rate
from facestream.ssi.header import SsiHeader, read_header
from facestream.ssi.samples import read_samples

__all__ = ["StreamDescription", "attribute_facts", "describe_stream"]


@dataclass(frozen=True, slots=True)
class StreamDescription:
    """The header and sample statistics of a stream."""

    path: Path
    header: SsiHeader
    ranges: Mapping[str, ValueRange]
    """By column or kind of column; for face data, only over the rows with a face."""
    num_rows_with_face: int | None
    """``None`` unless the media type is one of face data."""

    @property
    def seconds(self) -> float:
        return self.header.num_rows / self.header.rate_hz

    def facts(self) -> list[Fact]:
        header = self.header
        chunks = f" in {header.num_chunks} chunks" if header.num_chunks > 1 else ""
        facts = {
            "file": str(self.path),
            "rows": f"{header.num_rows}{chunks}, with {header.dim} columns",
            "rate": f"{format_rate(header.rate_hz)} Hz, {self.seconds:.2f} s",
            "samples": f"{'ASCII' if header.is_ascii else 'BINARY'} {header.type_name}"
            + ("" if header.is_ascii else f", {header.num_bytes / 1e6:.2f} MB"),
            "media type": header.media_type or "none",
        }
        facts |= attribute_facts(header.meta, {*facts, "face", *self.ranges})
        if self.num_rows_with_face is not None:
            facts |= [share_fact(self.num_rows_with_face, header.num_rows)]
        return [*facts.items(), *range_facts(self.ranges)]

    def as_json(self) -> dict[str, Any]:
        header = self.header
        return {
            "kind": "stream",
            "file": str(self.path),
            "ftype": "ASCII" if header.is_ascii else "BINARY",
            "type": header.type_name,
            "rows": header.num_rows,
            "columns": header.dim,
            "chunks": header.num_chunks,
            "rate_hz": header.rate_hz,
            "seconds": self.seconds,
            "media_type": header.media_type,
            "meta": dict(header.meta),
            "rows_with_face": self.num_rows_with_face,
            "ranges": ranges_as_json(self.ranges),
        }


def describe_stream(path: str | os.PathLike[str]) -> StreamDescription:
    """Describe a stream, reading it once from end to end.

    Raises:
        SourceError: A file is missing.
        StreamFormatError: Header or samples are damaged, or do not match each other.
    """
    path = Path(path)
    header = read_header(path)
    tallies = tally_columns(read_samples(path, header), header.media_type)
    return StreamDescription(path, header, tallies.ranges, tallies.num_rows_with_face)


def attribute_facts(attributes: Mapping[str, str], taken: set[str]) -> dict[str, str]:
    """Return header attributes as facts, with an @ before names that are taken, such as "rows"."""
    return {f"@{name}" if name in taken else name: value for name, value in attributes.items()}
