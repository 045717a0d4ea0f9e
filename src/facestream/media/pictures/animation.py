"""Read an animated picture (GIF, WebP, PNG or AVIF) as a clip."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
from PIL import Image

from facestream.errors import SourceError
from facestream.media.container.length import count_missing_bytes
from facestream.media.frame_size import check_frame_size
from facestream.media.pictures.animation_times import DURATIONS, read_animation_times, whole_webp
from facestream.media.pictures.picture import describe_damage, open_picture, read_turn, to_rgb
from facestream.structures import Frame, VideoInfo

__all__ = ["AnimationSource", "is_animation"]


def is_animation(path: Path) -> bool:
    """Whether a picture has several frames that are shown in sequence. The pages of a TIFF do not count."""
    try:
        with _open(path) as picture:
            return picture.format in DURATIONS and _num_frames(picture) > 1
    except Exception:  # any error of a reader; opening it as a picture will report it
        return False


class AnimationSource:
    """The frames of an animated picture, each composed over what came before, transparency over white.

    After the iteration, ``shortfall`` says why frames are missing, if so.
    """

    notes: tuple[str, ...] = ()

    def __init__(self, path: Path) -> None:
        """Open the picture and decode its first frame.

        Raises:
            SourceError: the file is damaged or too large.
        """
        self.path = path
        self.shortfall: str | None = None
        self._picture = _open(path)
        try:
            check_frame_size(path, *self._picture.size)
            times_s = read_animation_times(path, str(self._picture.format))
            self._skipped = _skipped(self._picture)
            self._num_promised = _num_frames(self._picture)
            self._times_s = times_s[: self._num_promised]
            self._turn = read_turn(self._picture)
            first = self._read(0)
        except SourceError:
            self.close()
            raise
        except Exception as error:  # Pillow's readers raise any error of their libraries
            self.close()
            raise SourceError(f"{path}: {describe_damage(error)}") from error
        self.info = VideoInfo(
            path=path,
            kind="video",
            width=first.shape[1],
            height=first.shape[0],
            rate_hz=_rate(self._times_s),
            tick_s=0.0,
            num_frames_header=len(self._times_s),
            rotation_deg=self._turn.quarters * 90,
            mirrored=self._turn.mirrored,
            pixel_aspect=1.0,
            codec=f"animated {self._picture.format}, {self._picture.mode}",
            times_s=tuple(map(float, self._times_s)),
        )

    def __iter__(self) -> Iterator[Frame]:
        for index, time_s in enumerate(self._times_s):
            try:
                image = self._read(index)
            except Exception as error:  # as above
                self.shortfall = f"reading broke off: {error}"
                return
            yield Frame(image, index, float(time_s))
            # Keep no reference, so that the image is freed before the next one is made.
            del image
        if len(self._times_s) < self._num_promised or count_missing_bytes(self.path):
            self.shortfall = f"the file is cut short: {len(self._times_s)} of its frames are whole"

    def close(self) -> None:
        self._picture.close()

    def __del__(self) -> None:
        # Closed with its container, as FFmpeg's own files.
        if hasattr(self, "_picture"):
            self.close()

    def _read(self, index: int) -> npt.NDArray[np.uint8]:
        self._picture.seek(self._skipped + index)
        return cast("npt.NDArray[np.uint8]", self._turn.apply(to_rgb(self._picture)))


def _open(path: Path) -> Image.Image:
    """Open the picture. Of a truncated WebP, which its reader would refuse, open the complete frames."""
    try:
        return open_picture(path)
    except Exception:
        with path.open("rb") as file:
            head = file.read(12)
            if head[:4] != b"RIFF" or head[8:] != b"WEBP":
                raise
            content = head + file.read()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Image.open(io.BytesIO(whole_webp(content)), formats=("WEBP",))


def _skipped(picture: Image.Image) -> int:
    """A PNG may contain a picture for programs without animations, which is not a frame."""
    return int(bool(picture.info.get("default_image")))


def _num_frames(picture: Image.Image) -> int:
    return int(getattr(picture, "n_frames", 1)) - _skipped(picture)


def _rate(times_s: list[Fraction]) -> Fraction:
    """The frame rate, or its average where it varies."""
    return Fraction(len(times_s) - 1) / times_s[-1] if len(times_s) > 1 else Fraction(1)
