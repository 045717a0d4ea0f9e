"""Read numbered pictures as the frames of one clip."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from facestream.errors import SourceError
from facestream.media.pictures.numbered import find_pictures
from facestream.media.pictures.picture import PictureSource, is_picture, picture_size
from facestream.media.video.reader import VideoSource
from facestream.structures import Frame, VideoInfo

__all__ = ["PictureSequence"]

LAST_NUMBER = re.compile(r"(\d+)\D*$", re.ASCII)


class PictureSequence:
    """A clip whose frames are pictures of one size, at a constant rate. Pictures that are damaged are passed over.

    After the iteration, ``shortfall`` says which pictures are missing, if so.
    """

    def __init__(self, place: Path, rate_hz: Fraction, first: int = 0) -> None:
        """Find the pictures and read their headers.

        Args:
            place: a folder, or a pattern.
            rate_hz: pictures a second.
            first: the frame that the iteration begins with.

        Raises:
            SourceError: there is no picture, none can be read, or they are not of one size.
        """
        self.path = place
        self.shortfall: str | None = None
        self._rate_hz = rate_hz
        self._first = first
        self._pictures = find_pictures(place)
        self.notes = tuple(_find_gaps(self._pictures))
        self._damaged: list[Path] = []
        size = self._check_sizes()
        self.info = VideoInfo(
            path=place,
            kind="video",
            width=size[0],
            height=size[1],
            rate_hz=rate_hz,
            tick_s=0.0,
            num_frames_header=len(self._pictures),
            rotation_deg=0,
            mirrored=False,
            pixel_aspect=1.0,
            codec="numbered pictures",
            times_s=tuple(float(number / rate_hz) for number in range(len(self._pictures))),
        )

    def __iter__(self) -> Iterator[Frame]:
        for number, path in enumerate(self._pictures[self._first :], self._first):
            try:
                frame = _read(path)
            except SourceError:
                self._damaged.append(path)
                continue
            if frame.size != (self.info.width, self.info.height):
                raise _other_size(path, frame.size, (self.info.width, self.info.height))
            yield Frame(frame.pixels, number, float(number / self._rate_hz))
            # Keep no reference, so that the frame is freed before the next one is made.
            del frame
        if self._damaged:
            self.shortfall = (
                f"{len(self._damaged)} of {len(self._pictures)} pictures cannot be read, the first is "
                f"{self._damaged[0].name}"
            )

    def close(self) -> None:
        """Do nothing, since no file is open."""

    def _check_sizes(self) -> tuple[int, int]:
        """The common size of all pictures with readable headers."""
        size = None
        for path in self._pictures:
            found = picture_size(path)
            if found is None:
                continue
            if size is not None and found != size:
                raise _other_size(path, found, size)
            size = found
        if size is not None:
            return size
        # Picture formats that FFmpeg reads.
        return _read(self._pictures[0]).size


def _other_size(path: Path, size: tuple[int, int], wanted: tuple[int, int]) -> SourceError:
    return SourceError(
        f"{path}: {size[0]} x {size[1]} pixels, where the pictures before it have {wanted[0]} x {wanted[1]}; the "
        "pictures of a clip must be of one size"
    )


def _read(path: Path) -> Frame:
    """Return the single frame of a picture.

    Raises:
        SourceError: it is not a picture, or is damaged.
    """
    source = PictureSource(path) if is_picture(path) else VideoSource(path, 1)
    with closing(source):
        if source.info.kind != "picture":
            raise SourceError(f"{path}: a video, where --sequence wants pictures")
        return next(iter(source))


def _find_gaps(pictures: list[Path]) -> Iterator[str]:
    """Return a warning if numbers are missing."""
    numbers = [int(found[1]) if (found := LAST_NUMBER.search(path.stem)) else None for path in pictures]
    gaps = [
        (before, after)
        for (before, first), (after, second) in pairwise(zip(pictures, numbers, strict=True))
        if first is not None and second is not None and second > first + 1
    ]
    # A sequence of every tenth frame has regular gaps.
    steps = {second - first for first, second in pairwise(n for n in numbers if n is not None)}
    if gaps and len(steps) > 1:
        before, after = gaps[0]
        yield (
            f"numbers of pictures are left out at {len(gaps)} places, first between {before.name} and {after.name}; "
            "the pictures are taken one after the other"
        )
