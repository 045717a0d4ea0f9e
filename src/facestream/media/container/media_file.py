"""A media file opened by FFmpeg, with a limit on how far it reads without finding a packet."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import cast

import av.error
from av.codec.context import CodecContext
from av.packet import Packet
from av.stream import Disposition
from av.video.stream import VideoStream

from facestream.errors import SourceError
from facestream.media.container.ffmpeg import open_reader
from facestream.media.container.mp4_boxes import MP4_BEGINNINGS, names_another_file
from facestream.media.container.unreadable import HEAD_BYTES, explain_made_of_others, explain_unreadable
from facestream.storage.mounts import open_readable

__all__ = ["MAX_BARREN_BYTES", "MediaFile"]

MAX_BARREN_BYTES = 400_000_000
"""The most bytes read without finding a packet, more than any frame needs (``MAX_FRAME_PIXELS``). FFmpeg would read to
the end of the file, and keep all of it for some formats, such as H.264 without a container."""


class MediaFile:
    """A media file, open for reading."""

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises:
            SourceError: FFmpeg cannot read it, or it is made of other files.
        """
        self.path = path
        try:
            _refuse_what_names_others(path)
            self._file = _WatchedFile(path)
        except OSError as error:
            raise SourceError(f"{path}: cannot be opened ({error.strerror or error})") from error
        try:
            self.container = open_reader(self._file, path)
        except av.error.FFmpegError as error:
            self._file.close()
            raise SourceError(f"{path}: {_explain(path, error)}") from error
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        self.container.close()
        self._file.close()

    def video_stream(self) -> VideoStream:
        """The first video stream that is marked as default, else the first one. Cover pictures do not count.

        Streams without a decoder are skipped.

        Raises:
            SourceError: the file contains no video.
        """
        streams = [s for s in self.container.streams.video if not s.disposition & Disposition.attached_pic]
        if not streams:
            raise SourceError(f"{self.path}: {self._describe_rest()}, but no video; give a picture or video")
        # PyAV's types do not say that a stream without a decoder has no context.
        known = [s for s in streams if cast("CodecContext | None", s.codec_context) is not None]
        if not known:
            raise SourceError(
                f"{self.path}: its video is in a format that FFmpeg cannot decode; save it as H.264, or check that "
                "the file is whole"
            )
        # A HEIF sequence comes with a still that is marked as default as well.
        moving = [s for s in known if s.frames != 1] or known
        return next((s for s in moving if s.disposition & Disposition.default), moving[0])

    def _describe_rest(self) -> str:
        """Describe in plain words what a file without a video contains."""
        streams = self.container.streams
        found = {
            "sound": bool(streams.audio),
            "a cover picture": bool(streams.video),
            "subtitles": bool(streams.subtitles),
            "data": bool(streams.data or streams.attachments),
        }
        things = [name for name, is_there in found.items() if is_there]
        if not things:
            return "it has a header"
        return f"it has {' and '.join([', '.join(things[:-1]), things[-1]] if len(things) > 1 else things)}"

    def packets(self, stream: VideoStream) -> Iterator[Packet[VideoStream]]:
        """Iterate over the packets of a stream, with an empty one at the end.

        Raises:
            FFmpegError: the file is damaged, or nothing more is found in it.
        """
        for packet in self.container.demux():
            if packet.size:
                self._file.num_barren_bytes = 0
            # FFmpeg does not set the stream index of the empty packets at the end.
            if packet.stream.index == stream.index:
                yield cast("Packet[VideoStream]", packet)

    def seek(self, stream: VideoStream, pts: int, dts: int) -> None:
        """Seek to the keyframe with these timestamps, or to an earlier one.

        Raises:
            FFmpegError: the file cannot be read there.
        """
        # Some containers seek by decoding time, others by presentation time.
        self.container.seek(min(pts, dts), stream=stream, backward=True)

    def packets_from(self, stream: VideoStream, pts: int, dts: int) -> Iterator[Packet[VideoStream]]:
        """Iterate over the packets of a stream from the keyframe with these timestamps; empty if it is not found.

        Raises:
            FFmpegError: the file cannot be read there.
        """
        self.seek(stream, pts, dts)
        packets = self.packets(stream)
        first = next((packet for packet in packets if not packet.size or packet.pts == pts), None)
        if first is None or first.pts != pts or not first.is_keyframe:
            self.container.seek(0, backward=True, any_frame=False)
            packets = self.packets(stream)
            first = next((packet for packet in packets if not packet.size or packet.pts == pts), None)
        return itertools.chain([first], packets) if first is not None and first.size else iter(())


def _refuse_what_names_others(path: Path) -> None:
    """Refuse files that FFmpeg would refuse without an explanation, or read only in part.

    Raises:
        SourceError: the file is made of other files.
        OSError: it cannot be read.
    """
    with open_readable(path) as file:
        head = file.read(HEAD_BYTES)
    if sentence := explain_made_of_others(head):
        raise SourceError(f"{path}: {sentence}")
    if head[4:8] in MP4_BEGINNINGS and names_another_file(path):
        raise SourceError(
            f"{path}: its pictures lie in another file, which it names and which is not opened; give that file, or "
            'save this one again as "self-contained"'
        )


def _explain(path: Path, error: av.error.FFmpegError) -> str:
    """Return why FFmpeg cannot read a file."""
    with suppress(OSError):
        if sentence := explain_unreadable(path):
            return sentence
    return f"not a picture or video that FFmpeg can read ({error.strerror}); check that it is whole"


class _WatchedFile:
    """A file that counts how much FFmpeg reads."""

    def __init__(self, path: Path) -> None:
        self._file = open_readable(path)
        self._is_open = True
        self.num_barren_bytes = 0
        """The number of bytes read since the last packet."""

    def read(self, num_bytes: int) -> bytes:
        """Read the next bytes.

        Raises:
            FFmpegError: they cannot be read, or there were many already in which nothing was found.
        """
        if self.num_barren_bytes > MAX_BARREN_BYTES:
            raise av.error.FFmpegError(0, f"nothing was found in {MAX_BARREN_BYTES // 10**6} MB of it")
        try:
            block = self._file.read(num_bytes)
        except OSError as error:
            raise av.error.FFmpegError(error.errno or 0, error.strerror or str(error)) from error
        self.num_barren_bytes += len(block)
        return block

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        if self._is_open:
            self._is_open = False
            self._file.close()

    def __del__(self) -> None:
        # Closed with its container, as FFmpeg's own files.
        if getattr(self, "_is_open", False):
            self.close()
