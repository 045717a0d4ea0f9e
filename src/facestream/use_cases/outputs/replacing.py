"""Decide what an output may replace: only an older output of facestream with the same kind of content."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from facestream.errors import OutputError, SourceError
from facestream.formats.catalog import find_format
from facestream.formats.contents import content_of
from facestream.ssi.header import read_header
from facestream.ssi.pair import has_unfinished_pair

__all__ = ["check_overlay_place", "check_place", "is_complete"]


def check_place(path: Path, content: str, inputs: Sequence[Path], *, any_stream: bool = False) -> None:
    """Make sure that an output is neither an input nor a folder, and replaces only an older output of the same kind.

    Args:
        path: a .stream, .npz or .csv.
        content: what it will hold, in the words of ``facestream.formats.contents``.
        inputs: what is read.
        any_stream: any SSI stream may be replaced by a stream.

    Raises:
        OutputError: it is.
    """
    try:
        form = find_format(path)
        assert form is not None, "outputs have the extension of a format"
        places = form.files.stored_files(path)
        _check_places(places, inputs)
        if not any(place.exists() and place.stat().st_size for place in places):
            return
        if any_stream and _is_stream(path):
            return
        found = content_of(path) if path.exists() else None
        # Without locks, the leftovers of a killed run are not completed.
        if found is None and not (not path.exists() and has_unfinished_pair(path)):
            raise _foreign(next(place for place in places if place.exists()))
        if found not in (None, content):
            raise OutputError(f"{path}: holds {found}, which {content} would replace; choose another name")
    except OSError as error:
        raise OutputError(f"{path}: cannot be an output ({error.strerror or error}); choose another name") from error


def check_overlay_place(path: Path, inputs: Sequence[Path]) -> None:
    """Make the same checks for an overlay.

    Raises:
        OutputError: it is an input, a folder, or no older overlay.
    """
    from facestream.drawing.overlay import is_overlay

    try:
        _check_places((path,), inputs)
        if path.exists() and path.stat().st_size and not is_overlay(path):
            raise _foreign(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be an output ({error.strerror or error}); choose another name") from error


def is_complete(path: Path, content: str) -> bool:
    """Whether an output exists, is complete, and has this content."""
    form = find_format(path)
    assert form is not None, "outputs have the extension of a format"
    try:
        return content_of(path) == content and not form.files.is_marked_incomplete(path)
    except (OSError, SourceError):
        return False


def _is_stream(path: Path) -> bool:
    try:
        read_header(path)
    except SourceError:
        return False
    return True


def _check_places(places: Sequence[Path], inputs: Sequence[Path]) -> None:
    for place in places:
        if place.exists() and any(source.exists() and place.samefile(source) for source in inputs):
            raise OutputError(f"{place}: the output would replace its own input; choose another name")
    for place in places:
        if place.is_dir():
            raise OutputError(f"{place}: a folder is in the way of this output; remove it or choose another name")


def _foreign(path: Path) -> OutputError:
    return OutputError(
        f"{path}: the file exists and was not written by facestream; move it away or choose another name"
    )
