"""What the endings of names say of what is in the files."""

from __future__ import annotations

from pathlib import Path

from facestream.errors import OptionError

__all__ = ["check_name", "detection_streams", "mesh_streams"]

BOX_MARK, KEYPOINT_MARK = ".boundingbox", ".keypoints"
MARKS = {"face meshes": (".facemesh",), "boxes and keypoints": (BOX_MARK, KEYPOINT_MARK, ".blazeface")}
"""Endings of stems, by what they stand for."""


def check_name(path: Path, content: str) -> None:
    """Make sure that the name of an output does not say that something else is in it.

    Raises:
        OptionError: it does.
    """
    others = [mark for kind, marks in MARKS.items() if kind != content for mark in marks]
    mark = next((mark for mark in others if path.stem.endswith(mark)), None)
    if mark:
        raise OptionError(f"{path}: {mark} in the name says something else than what is in it, {content}; rename it")


def mesh_streams(path: Path, num_faces: int) -> tuple[Path, ...]:
    """A stream for each face; ``path`` is that of the first."""
    mark = ".facemesh" if path.stem.endswith(".facemesh") else ""
    stem = path.stem.removesuffix(mark)
    more = (path.with_name(f"{stem}.face{face}{mark}.stream") for face in range(2, num_faces + 1))
    return (path, *more)


def detection_streams(path: Path) -> tuple[Path, Path]:
    """The streams of boxes and of keypoints, one of which is ``path``: that of the boxes, if it does not say so."""
    if path.stem.endswith(KEYPOINT_MARK):
        return path.with_name(f"{path.stem.removesuffix(KEYPOINT_MARK)}{BOX_MARK}.stream"), path
    return path, path.with_name(f"{path.stem.removesuffix(BOX_MARK)}{KEYPOINT_MARK}.stream")
