"""Write overlays: the input with its results drawn on it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from facestream.media.clock import FrameClock
from facestream.media.video.writer import VideoWriter, read_comment
from facestream.storage.staging import StagedFile
from facestream.structures import Frame, VideoInfo

__all__ = ["is_overlay", "open_overlay"]

OVERLAY_COMMENT = "facestream overlay"
"""A mark in the file, by which later runs recognise overlays of facestream."""


def is_overlay(path: Path) -> bool:
    """Whether a picture or video is marked as an overlay of facestream."""
    if path.suffix.lower() == ".mp4":
        return read_comment(path) == OVERLAY_COMMENT
    with path.open("rb") as file:
        return OVERLAY_COMMENT.encode() in file.read(1 << 16)


def open_overlay(path: Path, info: VideoInfo) -> _PictureOverlay | _VideoOverlay:
    """Begin the overlay of a source, a picture or a video like the source."""
    return _PictureOverlay(path) if info.kind == "picture" else _VideoOverlay(path, info)


class _PictureOverlay:
    """A PNG or JPEG."""

    def __init__(self, path: Path) -> None:
        self.paths: tuple[Path, ...] = (path,)
        self._staged = StagedFile(path)

    def write(self, drawn: npt.NDArray[np.uint8], frame: Frame) -> None:
        picture = Image.fromarray(drawn)
        if self.paths[0].suffix.lower() == ".png":
            about = PngInfo()
            about.add_text("Comment", OVERLAY_COMMENT)
            picture.save(self._staged.file, "PNG", pnginfo=about)
        else:
            picture.save(self._staged.file, "JPEG", quality=92, comment=OVERLAY_COMMENT)

    def finish(self, clock: FrameClock, meta: Mapping[str, Any]) -> None:
        self._staged.finish()

    def commit(self) -> None:
        self._staged.commit()

    def discard(self) -> None:
        self._staged.discard()


class _VideoOverlay:
    """An MP4 with the timestamps and pixel aspect ratio of the source."""

    def __init__(self, path: Path, info: VideoInfo) -> None:
        self.paths: tuple[Path, ...] = (path,)
        self._size = (info.width, info.height)
        self._staged = StagedFile(path, suffix=".mp4")
        try:
            self._video = VideoWriter(
                self._staged.hidden_path, self._size, info.rate_hz, info.pixel_aspect, OVERLAY_COMMENT, shown_path=path
            )
        except BaseException:
            self._staged.discard()
            raise

    def write(self, drawn: npt.NDArray[np.uint8], frame: Frame) -> None:
        if frame.size != self._size:
            drawn = _resize(drawn, self._size)
        self._video.write(drawn, frame.timestamp_s)

    def finish(self, clock: FrameClock, meta: Mapping[str, Any]) -> None:
        self._video.close()
        self._staged.finish()

    def commit(self) -> None:
        self._staged.commit()

    def discard(self) -> None:
        self._video.abandon()
        self._staged.discard()


def _resize(image: npt.NDArray[np.uint8], size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
