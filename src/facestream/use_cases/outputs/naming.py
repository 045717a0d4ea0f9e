"""What the names of output files say about their contents."""

from __future__ import annotations

from pathlib import Path

from facestream.errors import OptionError
from facestream.formats.contents import DETECTIONS, MESHES
from facestream.formats.stream import BOX_MARK, KEYPOINT_MARK, MESH_MARK

__all__ = ["check_name"]

MARKS = {MESHES: (MESH_MARK,), DETECTIONS: (BOX_MARK, KEYPOINT_MARK, ".blazeface")}
"""What the name of a file ends in before its extension, by what the file holds."""


def check_name(path: Path, content: str) -> None:
    """Make sure that the name of an output does not contradict its contents.

    Raises:
        OptionError: it does.
    """
    others = [mark for kind, marks in MARKS.items() if kind != content for mark in marks]
    mark = next((mark for mark in others if path.stem.endswith(mark)), None)
    if mark:
        raise OptionError(f"{path}: {mark} in the name says something else than what is in it, {content}; rename it")
