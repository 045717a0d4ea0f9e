"""The code blocks of Markdown pages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Block", "read_blocks"]

FENCE = re.compile(
    r"^(?:<!-- not run: (?P<reason>[^\n]*?) -->\n+)?```(?P<language>[^\n]*)\n(?P<code>.*?)^```$", re.M | re.S
)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of code, as it stands in a page."""

    language: str
    code: str
    reason: str | None
    """Why the block is not run, if the page says so in a comment right above it."""


def read_blocks(page: Path) -> list[Block]:
    """Return the blocks of a page in their order."""
    found = FENCE.finditer(page.read_text("utf-8"))
    return [Block(match["language"].strip(), match["code"], match["reason"]) for match in found]
