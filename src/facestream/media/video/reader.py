"""Read a video file as upright frames with their timestamps."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import av.error
from av.buffer import Buffer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from facestream.errors import SourceError
from facestream.images import Image
from facestream.media.container.length import count_missing_bytes
from facestream.media.container.media_file import MediaFile
from facestream.media.container.unreadable import explain_unreadable
from facestream.media.frame_size import MAX_FRAME_PIXELS, check_frame_size
from facestream.media.upright import Turn, turn_from_display_matrix
from facestream.media.video.yuv import yuv_image
from facestream.structures import Frame, VideoInfo

__all__ = ["VideoSource"]

FALLBACK_RATE_HZ = Fraction(25)
"""The rate of raw streams that do not state one, as FFmpeg assumes."""

PIXEL_ASPECTS = (Fraction(1, 10), Fraction(10))
"""Pixel aspect ratios beyond these limits are ignored."""


MAX_DECODER_THREADS = 16
"""FFmpeg advises against more threads."""

MAX_DECODER_PIXELS, FRAMES_PER_THREAD = 60_000_000, 1.7
"""Each thread of the decoder keeps its own frames: 21 MB more at 3840 x 2160."""

DECODING_MS_PER_MEGAPIXEL, OTHER_MS = 2.5, 2.2
"""The approximate time for one core to decode and process a frame. H.264 takes 1 to 2.7 ms per megapixel."""


class VideoSource:
    """The frames of a video's default stream, in the order of presentation.

    After the iteration, ``shortfall`` says why frames are missing, if so. It may be closed while another thread
    iterates: the iteration then ends.
    """

    def __init__(self, path: Path, num_threads: int | None = None) -> None:
        """Open the video and decode its first frame, which alone knows how it is turned.

        The decoder has at most ``num_threads`` threads.

        Raises:
            SourceError: not a video, no video stream, or no frame in it.
        """
        self.path = path
        self.shortfall: str | None = None
        self.num_damaged = 0
        """The number of packets and frames that could not be decoded."""
        self._is_closed = False
        self._packets_from: Iterator[Packet[VideoStream]] | None = None
        """Whether reading starts within the file."""
        self._in_use = threading.Lock()
        """FFmpeg crashes the process if a file is closed while it is read."""
        self._media = MediaFile(path)
        try:
            self._stream = self._media.video_stream()
            _check_size(self._stream, path)
            self._stream.thread_type = "AUTO"
            self._stream.codec_context.thread_count = _count_threads(self._stream, num_threads)
            self._rate = self._stream.average_rate or self._stream.guessed_rate or FALLBACK_RATE_HZ
            self.tick = self._stream.time_base or Fraction(0)
            """The resolution of the timestamps in seconds."""
            self._frames = self._decode()
            self._first = next(self._frames, None)
            if self._first is None:
                # FFmpeg may have taken it for a picture by its name alone.
                what = explain_unreadable(path)
                raise SourceError(
                    f"{path}: {what or f'the video stream holds no frame that can be decoded{self._because()}'}"
                )
            self._turn = _turn(self._first)
            self.info = self._read_info(self._first)
        except BaseException:
            self._media.close()
            raise

    @property
    def _is_picture(self) -> bool:
        """Pictures in formats that are not enabled in Pillow come through FFmpeg's picture readers, such as
        ``qoi_pipe``."""
        name = self._media.container.format.name
        return name.endswith("_pipe") or name in ("ico", "image2")

    @property
    def notes(self) -> tuple[str, ...]:
        return ()

    def __iter__(self) -> Iterator[Frame]:
        """Iterate over the decoded frames, once."""
        reformatter = VideoReformatter()
        period_s, tick = float(1 / self._rate), self.tick
        frame, self._first = self._first, None
        index, next_s = 0, 0.0
        while frame is not None:
            timestamp_s = next_s if frame.pts is None else frame.pts * tick.numerator / tick.denominator
            try:
                # Keep no reference, so that the image is freed before the next one is made.
                yield Frame(self._upright(frame, reformatter), index, timestamp_s, self.info.pixel_aspect)
                index += 1
            except av.error.FFmpegError:
                self.num_damaged += 1
            next_s = timestamp_s + period_s
            frame = self._next_frame()
        self.shortfall = self.shortfall or self._find_shortfall()

    def seek(self, pts: int, dts: int) -> None:
        """Start at the keyframe with these timestamps in ticks; call this before the iteration.

        Raises:
            SourceError: it is not found.
        """
        self._stream.codec_context.flush_buffers()
        try:
            self._packets_from = self._media.packets_from(self._stream, pts, dts)
        except av.error.FFmpegError as error:
            raise SourceError(f"{self.path}: a keyframe cannot be found ({error.strerror})") from error
        self._frames = self._decode()
        self._first = next(self._frames, None)

    def close(self) -> None:
        with self._in_use:
            self._is_closed = True
            self._media.close()

    def _next_frame(self) -> VideoFrame | None:
        with self._in_use:
            return None if self._is_closed else next(self._frames, None)

    def _upright(self, frame: VideoFrame, reformatter: VideoReformatter) -> Image:
        """Return the planes of a frame if their layout is known, else RGB."""
        planes = yuv_image(frame)
        if planes is not None:
            return self._turn.apply_to_planes(planes)
        return self._turn.apply(reformatter.reformat(frame, format="rgb24").to_ndarray())

    def _decode(self) -> Iterator[VideoFrame]:
        """Iterate over the frames of the stream. Damaged packets are counted and skipped."""
        has_started = False
        for packet in self._packets():
            try:
                frames = self._stream.decode(packet)
            except av.error.FFmpegError:
                # A stream that was cut after its keyframe starts with such packets. Nothing is lost later.
                self.num_damaged += has_started
                continue
            has_started = has_started or bool(frames)
            yield from frames

    def _packets(self) -> Iterator[Packet[VideoStream] | None]:
        """Iterate over packets up to the last complete one, then ``None`` to drain the decoder."""
        half: Packet[VideoStream] | None = None
        packets = self._packets_from or self._media.packets(self._stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                break
            except av.error.FFmpegError as error:
                self.shortfall = f"reading broke off: {error.strerror}"
                break
            if packet.size == 0:
                break
            if half is not None:
                yield half
            half = packet if packet.is_corrupt else None
            if half is None:
                yield packet
        if half is not None:
            self.shortfall = self.shortfall or "the file ends in the middle of a frame"
        yield None

    def _find_shortfall(self) -> str | None:
        try:
            missing = count_missing_bytes(self.path)
        except OSError as error:
            return f"reading broke off: {error.strerror or error}"
        if missing:
            return f"the file is cut short: at least {missing} bytes are missing at its end"
        if self.num_damaged:
            return f"{self.num_damaged} damaged packets could not be decoded"
        return None

    def _because(self) -> str:
        if not self._stream.codec_context.width * self._stream.codec_context.height:
            return " (its header gives no frame size, or one beyond what FFmpeg takes)"
        if self.shortfall or self.num_damaged:
            return f" ({self.shortfall or f'{self.num_damaged} damaged packets'})"
        return ""

    def _read_info(self, frame: VideoFrame) -> VideoInfo:
        stream = self._stream
        aspect = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio or Fraction(1)
        if not PIXEL_ASPECTS[0] <= aspect <= PIXEL_ASPECTS[1]:
            aspect = Fraction(1)
        width, height = frame.width, frame.height
        if self._turn.swaps_axes:
            width, height, aspect = height, width, 1 / aspect
        return VideoInfo(
            path=self.path,
            kind="picture" if self._is_picture else "video",
            width=width,
            height=height,
            rate_hz=Fraction(1) if self._is_picture else Fraction(self._rate),
            tick_s=float(self.tick),
            num_frames_header=self._count_header_frames(),
            rotation_deg=self._turn.quarters * 90,
            mirrored=self._turn.mirrored,
            pixel_aspect=float(aspect),
            codec=f"{stream.codec_context.name}, {frame.format.name} in {self._media.container.format.long_name}",
            start_s=0.0 if frame.pts is None else frame.pts * self.tick.numerator / self.tick.denominator,
        )

    def _count_header_frames(self) -> int | None:
        if self._stream.frames:
            return int(self._stream.frames)
        if self._media.container.duration:
            return round(self._media.container.duration / av.time_base * float(self._rate))
        return None


def _check_size(stream: VideoStream, path: Path) -> None:
    """Refuse frames that are too large according to the header, and let the decoder refuse those that turn out to
    be."""
    check_frame_size(path, stream.codec_context.width, stream.codec_context.height)
    stream.codec_context.options = {"max_pixels": str(MAX_FRAME_PIXELS)}


def _count_threads(stream: VideoStream, most: int | None) -> int:
    """As many as keep up with the networks on the other cores; one where it does, for several cost more.

    Where several are needed, they are twice as many, because the cores are shared among all threads that could run:
    otherwise the networks get more than their part, and wait for frames then.
    """
    num_cores = os.cpu_count() or 1
    num_pixels = max(1, stream.codec_context.width * stream.codec_context.height)
    decoding_ms = DECODING_MS_PER_MEGAPIXEL * num_pixels / 1e6
    wanted = math.ceil(num_cores * decoding_ms / (decoding_ms + OTHER_MS))
    by_memory = max(2, int(MAX_DECODER_PIXELS / (FRAMES_PER_THREAD * num_pixels)))
    return max(1, min(2 * wanted if wanted > 1 else 1, by_memory, MAX_DECODER_THREADS, most or 2 * num_cores))


def _turn(frame: VideoFrame) -> Turn:
    try:
        matrix = frame.side_data.get("DISPLAYMATRIX")
    except ValueError:
        # PyAV does not know every type of side data, such as the EXIF of a camera.
        return Turn(round(-frame.rotation / 90) % 4)
    return turn_from_display_matrix(bytes(cast(Buffer, matrix))) if matrix is not None else Turn()
