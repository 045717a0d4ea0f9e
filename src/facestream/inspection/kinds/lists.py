"""Description of a list of batch sources."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facestream.batch.sources.manifest import LIST_SUFFIXES, read_list
from facestream.inspection.description import Fact, shown

__all__ = ["LIST_SUFFIXES", "ListDescription", "describe_list"]


@dataclass(frozen=True, slots=True)
class ListDescription:
    """A list of sources."""

    path: Path
    num_items: int
    num_with_boxes: int
    num_with_options: int
    first: str
    """The first source."""

    def facts(self) -> list[Fact]:
        return [
            ("file", str(self.path)),
            ("content", "a list of sources for a batch"),
            ("items", f"{self.num_items}, {self.num_with_boxes} with boxes, {self.num_with_options} with options"),
            ("first", shown(self.first) or "none"),
        ]

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": "list",
            "file": str(self.path),
            "items": self.num_items,
            "items_with_boxes": self.num_with_boxes,
            "items_with_options": self.num_with_options,
            "first": self.first or None,
        }


def describe_list(path: Path) -> ListDescription:
    """Describe a list, reading it row by row.

    Raises:
        SourceError: The list cannot be read.
        OptionError: An entry has an invalid output name or invalid options.
    """
    num_items = num_with_boxes = num_with_options = 0
    first = ""
    for item in read_list(path):
        first = first or item.source
        num_items += 1
        num_with_boxes += item.boxes is not None
        num_with_options += bool(item.options)
    return ListDescription(path, num_items, num_with_boxes, num_with_options, first)
