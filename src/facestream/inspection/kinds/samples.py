"""Description of an archive or table with the samples of a stream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facestream.inspection.columns import share_fact, tally_columns
from facestream.inspection.description import Fact, plain, shown
from facestream.inspection.kinds.stream import attribute_facts
from facestream.inspection.value_range import ValueRange, range_facts, ranges_as_json
from facestream.media.clock import format_rate
from facestream.ssi.header import WRITTEN_TYPES
from facestream.ssi.stream import SsiStream

__all__ = ["SamplesDescription", "describe_samples"]


@dataclass(frozen=True, slots=True)
class SamplesDescription:
    """The samples of a stream, in an archive or table instead of an SSI file."""

    path: Path
    form: str
    """``npz`` or ``csv``."""
    num_rows: int
    num_columns: int
    type_name: str
    """SSI's name for the sample type."""
    rate_hz: float
    media_type: str
    attributes: Mapping[str, str]
    """Further attributes of the stream header."""
    version: str | None
    """The version of facestream that wrote the file."""
    ranges: Mapping[str, ValueRange]
    """By column or kind of column; for face data, only over the rows with a face."""
    num_rows_with_face: int | None
    """``None`` unless the media type is one of face data."""

    @property
    def seconds(self) -> float:
        return self.num_rows / self.rate_hz

    def facts(self) -> list[Fact]:
        facts = {
            "file": str(self.path),
            "content": f"the samples of a stream ({self.form})",
            "rows": f"{self.num_rows}, with {self.num_columns} columns",
            "rate": f"{format_rate(self.rate_hz)} Hz, {self.seconds:.2f} s",
            "samples": self.type_name,
            "media type": self.media_type or "none",
            "version": shown(self.version),
        }
        facts |= attribute_facts(self.attributes, {*facts, "face", *self.ranges})
        if self.num_rows_with_face is not None:
            facts |= [share_fact(self.num_rows_with_face, self.num_rows)]
        return [*facts.items(), *range_facts(self.ranges)]

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": "samples",
            "file": str(self.path),
            "format": self.form,
            "type": self.type_name,
            "rows": self.num_rows,
            "columns": self.num_columns,
            "rate_hz": self.rate_hz,
            "seconds": self.seconds,
            "media_type": self.media_type,
            "meta": dict(self.attributes),
            "version": plain(self.version),
            "rows_with_face": self.num_rows_with_face,
            "ranges": ranges_as_json(self.ranges),
        }


def describe_samples(path: Path, form: str, stream: SsiStream, meta: Mapping[str, Any]) -> SamplesDescription:
    """Describe samples, reading them once; ``meta`` is the metadata of the file."""
    dtype = stream.data.dtype.newbyteorder("<")
    tallies = tally_columns(stream.data, stream.media_type)
    version = meta.get("version")
    return SamplesDescription(
        path=path,
        form=form,
        num_rows=stream.data.shape[0],
        num_columns=stream.data.shape[1],
        type_name=next(name for name, known in WRITTEN_TYPES.items() if known == dtype),
        rate_hz=stream.rate_hz,
        media_type=stream.media_type,
        attributes=stream.meta,
        version=version if isinstance(version, str) else None,
        ranges=tallies.ranges,
        num_rows_with_face=tallies.num_rows_with_face,
    )
