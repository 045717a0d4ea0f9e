"""Read a picture file as one upright RGB frame."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from facestream.errors import SourceError
from facestream.media.container.mp4_boxes import has_box
from facestream.media.upright import Turn
from facestream.structures import Frame, VideoInfo

__all__ = ["PictureSource", "describe_damage", "is_picture", "open_picture", "picture_size", "read_turn", "to_rgb"]

PICTURE_FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP", "PPM", "JPEG2000", "AVIF", "GIF")
"""What Pillow is asked for. None of these opens another file; the rest of its formats, of which EPS starts a program,
are none that cameras write."""

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

MOTION_JPEG_SUFFIXES = (".mjpeg", ".mjpg")

HEIF_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"})
AVIF_BRANDS = frozenset({b"avif", b"avis"})
"""Of the same container; ``mif1`` and ``msf1`` may be either."""

ORIENTATION_TAG = 274

TURNS = {
    2: Turn(0, mirrored=True),
    3: Turn(2),
    4: Turn(2, mirrored=True),
    5: Turn(1, mirrored=True),
    6: Turn(1),
    7: Turn(3, mirrored=True),
    8: Turn(3),
}
"""Turns by EXIF orientation (EXIF 2.3)."""


class PictureSource:
    """A picture as a source of one frame."""

    shortfall: str | None = None
    notes: tuple[str, ...] = ()

    def __init__(self, path: Path) -> None:
        """Decode the picture.

        Raises:
            SourceError: the file is damaged or too large.
        """
        try:
            with warnings.catch_warnings(), open_picture(path) as picture:
                warnings.simplefilter("ignore")
                self.notes = _notes(picture)
                turn = read_turn(picture)
                codec = f"{picture.format}, {picture.mode}"
                image = turn.apply(to_rgb(picture))
        except Exception as error:  # Pillow's readers raise any error of their libraries
            raise SourceError(f"{path}: {describe_damage(error)}") from error
        self._image = image
        self.info = VideoInfo(
            path=path,
            kind="picture",
            width=image.shape[1],
            height=image.shape[0],
            rate_hz=Fraction(1),
            tick_s=0.0,
            num_frames_header=1,
            rotation_deg=turn.quarters * 90,
            mirrored=turn.mirrored,
            pixel_aspect=1.0,
            codec=codec,
        )

    def __iter__(self) -> Iterator[Frame]:
        yield Frame(self._image)

    def close(self) -> None:
        """Do nothing, since no file is open."""


def is_picture(path: Path) -> bool:
    """Whether the first bytes of a file are those of a picture, and not of a JPEG video or a HEIF sequence.

    Raises:
        SourceError: a HEIC picture without the plug-in that reads it.
    """
    try:
        with path.open("rb") as file:
            head = file.read(128)
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror or error})") from error
    if path.suffix.lower() in MOTION_JPEG_SUFFIXES:
        return False
    if _is_heif(head):
        # FFmpeg reads sequences, which are movies.
        if has_box(path, b"moov"):
            return False
        _register_heif(path)
        return True
    try:
        with open_picture(path):
            return True
    except Image.DecompressionBombError:
        return True
    except Exception:  # any error means that it is not a picture for Pillow
        # FFmpeg would decompress texts of a PNG that Pillow rejects as too long.
        return head.startswith(PNG_SIGNATURE)


def _is_heif(head: bytes) -> bool:
    """Whether the first box of a file names brands of HEIC, and none of AVIF (ISO/IEC 23008-12)."""
    if head[4:8] != b"ftyp" or head[8:12] not in HEIF_BRANDS:
        return False
    compatible = head[16 : int.from_bytes(head[:4], "big")]
    return AVIF_BRANDS.isdisjoint(compatible[k : k + 4] for k in range(0, len(compatible), 4))


def _register_heif(path: Path) -> None:
    try:
        import pillow_heif
    except ImportError:
        raise SourceError(f"{path}: HEIC pictures need a plug-in: pip install pillow-heif") from None
    pillow_heif.register_heif_opener()


def open_picture(path: Path) -> Image.Image:
    """Read the header only. Pillow's limit on the number of pixels applies, without its warning at half of it."""
    formats = (*PICTURE_FORMATS, "HEIF") if "HEIF" in Image.OPEN else PICTURE_FORMATS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Image.open(path, formats=formats)


def picture_size(path: Path) -> tuple[int, int] | None:
    """Return width and height of the upright picture from its header; ``None`` if Pillow cannot read it."""
    try:
        with open_picture(path) as picture:
            width, height = picture.size
            return (height, width) if read_turn(picture).swaps_axes else (width, height)
    except Exception:  # any error of a reader; reading the picture will report it
        return None


def read_turn(picture: Image.Image) -> Turn:
    """Return how to turn a picture upright."""
    return TURNS.get(picture.getexif().get(ORIENTATION_TAG, 1), Turn())


def describe_damage(error: Exception) -> str:
    """Return why Pillow cannot read a picture."""
    if isinstance(error, Image.DecompressionBombError):
        return f"the picture is too large to unpack ({_count_megapixels(error)}); scale it down first"
    return f"the picture is damaged ({error}); save it again from its original"


def _count_megapixels(error: Image.DecompressionBombError) -> str:
    """Return the number of pixels and the limit. Pillow gives the former only in its message."""
    came = re.search(r"\d+", str(error))
    limit = f"at most {2 * (Image.MAX_IMAGE_PIXELS or 0) / 1e6:.0f} megapixels"
    return f"{int(came.group()) / 1e6:.0f} megapixels, {limit}" if came else limit


def _notes(picture: Image.Image) -> tuple[str, ...]:
    num_frames = getattr(picture, "n_frames", 1)
    if num_frames > 1 and picture.format != "MPO":
        return (f"the picture holds {num_frames} frames; only the first is used",)
    return ()


def to_rgb(picture: Image.Image) -> npt.NDArray[np.uint8]:
    """Convert any mode to uint8 RGB (H, W, 3). Deep grey levels are scaled, and transparency becomes white."""
    if picture.mode.startswith("I") or picture.mode == "F":
        grey = _scale_to_bytes(np.asarray(picture))
        return np.repeat(grey[..., None], 3, axis=2)
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return np.array(picture.convert("RGB"))


def _scale_to_bytes(grey: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Grey levels of 16 or more bits, or floats, to 0..255.

    Values up to 255 are 8-bit levels, up to 65535 are 16-bit levels, and floats up to 1 are fractions. Anything larger
    is scaled by its own maximum.
    """
    values = np.nan_to_num(grey.astype(np.float64), posinf=0.0, neginf=0.0).clip(0.0)
    top = float(values.max(initial=0.0))
    steps = (1.0, 255.0, 65535.0) if grey.dtype.kind == "f" else (255.0, 65535.0)
    white = next((step for step in steps if top <= step), top)
    return np.rint(values * (255.0 / white)).astype(np.uint8)
