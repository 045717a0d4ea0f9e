"""Open any picture or video."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from facestream.errors import SourceError
from facestream.media.pictures.numbered import find_pictures
from facestream.storage.mounts import size_of
from facestream.structures import Frame, VideoInfo

__all__ = ["Source", "check_source", "open_source"]


NUMBERED = re.compile(r"%\d*d", re.ASCII)
"""The notation of FFmpeg and OpenCV for numbered pictures: ``frame%04d.png``."""


class Source(Protocol):
    """A source of upright frames in presentation order, to be iterated once."""

    @property
    def info(self) -> VideoInfo: ...

    @property
    def shortfall(self) -> str | None:
        """Why frames are missing, if so; known after the iteration."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """Warnings about how the source was read."""
        ...

    def __iter__(self) -> Iterator[Frame]: ...

    def close(self) -> None: ...


def check_source(path: Path, *, is_sequence: bool = False) -> None:
    """Check a source without opening it.

    Raises:
        SourceError: not there, no regular file, or empty; of numbered pictures, there is none.
    """
    if is_sequence:
        find_pictures(path)
        return
    if size_of(path):
        return
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        hint = "; numbered pictures are read from a folder or pattern, such as 'frames/*.png', with --sequence HZ"
        raise SourceError(f"{path}: there is no such file{hint if NUMBERED.search(path.name) else ''}") from None
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror or error})") from error
    if stat.S_ISDIR(status.st_mode):
        raise SourceError(
            f"{path}: a folder, where a picture or video was expected; --sequence HZ reads its pictures as one clip"
        )
    if not stat.S_ISREG(status.st_mode):
        raise SourceError(f"{path}: not a regular file; pictures and videos are read from files")
    if status.st_size == 0:
        raise SourceError(f"{path}: the file is empty (0 bytes)")


def open_source(
    path: str | os.PathLike[str], num_threads: int | None = None, *, sequence_hz: Fraction | None = None
) -> Source:
    """Open a picture or video. Its content decides which of them it is, not its name.

    Args:
        path: a file, or of numbered pictures a folder or pattern.
        num_threads: bounds the decoder; some cores are the bound where it is left out.
        sequence_hz: how many numbered pictures there are a second.

    Raises:
        SourceError: not there, empty, or neither picture nor video.
    """
    path = Path(path)
    check_source(path, is_sequence=sequence_hz is not None)
    from facestream.media.pictures.animation import AnimationSource, is_animation
    from facestream.media.pictures.picture import PictureSource, is_picture
    from facestream.media.pictures.sequence import PictureSequence
    from facestream.media.video.reader import VideoSource

    if sequence_hz is not None:
        return PictureSequence(path, sequence_hz)
    # Remote pictures are copied first.
    if size_of(path) is not None:
        return VideoSource(path, num_threads)
    if is_animation(path):
        return AnimationSource(path)
    return PictureSource(path) if is_picture(path) else VideoSource(path, num_threads)
