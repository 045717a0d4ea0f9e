from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest
from av.video.stream import VideoStream
from PIL import Image

from facestream.errors import SourceError
from facestream.media.container.media_file import MediaFile
from facestream.media.source import open_source
from facestream.media.video import reader as video
from tests.media.clips import cut, grey_levels, numbered_frames, remux, set_display_matrix, write_clip


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mp4", "mpeg4"),
        ("a.mkv", "mpeg4"),
        ("a.avi", "mpeg4"),
        ("a.mov", "mjpeg"),
        ("a.webm", "libvpx-vp9"),
        ("a.ts", "libx264"),
    ],
)
def test_containers_and_codecs(tmp_path: Path, name: str, codec: str) -> None:
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    path = write_clip(tmp_path / name, numbered_frames(10), codec=codec, pix_fmt=pix_fmt)
    source = open_source(path)
    frames = list(source)
    assert source.shortfall is None
    assert [frame.index for frame in frames] == list(range(10))
    assert frames[0].size == (source.info.width, source.info.height) == (64, 48)
    # Each frame is nearer to its own level than to its neighbours'.
    np.testing.assert_allclose(grey_levels(frames), [10 * (k + 1) for k in range(10)], atol=4.9)
    times = np.array([frame.timestamp_s for frame in frames])
    np.testing.assert_allclose(times - times[0], np.arange(10) / 25, atol=1e-3)
    assert source.info.rate_hz == 25


def test_a_gif_is_a_video(tmp_path: Path) -> None:
    pages = [Image.fromarray(image) for image in numbered_frames(5)]
    pages[0].save(tmp_path / "a.gif", save_all=True, append_images=pages[1:], duration=[80, 120, 80, 200, 80], loop=0)
    source = open_source(tmp_path / "a.gif")
    frames = list(source)
    assert source.info.kind == "video"
    np.testing.assert_allclose(grey_levels(frames), [10, 20, 30, 40, 50], atol=1)
    np.testing.assert_allclose([frame.timestamp_s for frame in frames], [0, 0.08, 0.2, 0.28, 0.48], atol=1e-9)


def test_variable_frame_rate_keeps_each_time_stamp(tmp_path: Path) -> None:
    times = [0.0, 0.04, 0.05, 0.3, 0.31, 1.0]
    path = write_clip(tmp_path / "vfr.mp4", numbered_frames(6), timestamps_s=times)
    np.testing.assert_allclose([frame.timestamp_s for frame in open_source(path)], times, atol=1e-4)


def test_odd_sizes(tmp_path: Path) -> None:
    frames = numbered_frames(3, width=63, height=47)
    path = write_clip(tmp_path / "odd.mkv", frames, codec="ffv1", pix_fmt="bgr0")
    read = list(open_source(path))
    assert read[0].size == (63, 47)
    np.testing.assert_array_equal(read[2].image, frames[2])


@pytest.mark.parametrize(
    ("matrix", "degrees", "mirrored"),
    [((0, 1, -1, 0), 90, False), ((-1, 0, 0, -1), 180, False), ((0, -1, 1, 0), 270, False), ((-1, 0, 0, 1), 0, True)],
)
def test_a_display_matrix_turns_frames_upright(
    tmp_path: Path, matrix: tuple[int, int, int, int], degrees: int, mirrored: bool
) -> None:
    upright = np.zeros((64, 96, 3), np.uint8)
    upright[:32, :48], upright[:32, 48:] = [255, 0, 0], [0, 255, 0]
    stored = upright[:, ::-1] if mirrored else np.rot90(upright, degrees // 90)
    path = write_clip(tmp_path / "turned.mp4", [np.ascontiguousarray(stored)] * 3)
    set_display_matrix(path, *matrix)
    source = open_source(path)
    frames = list(source)
    assert (source.info.rotation_deg, source.info.mirrored) == (degrees, mirrored)
    assert (source.info.width, source.info.height) == frames[0].size == (96, 64)
    assert np.abs(frames[0].image.astype(int) - upright).mean() < 12


def test_pixel_aspect_turns_with_the_frame(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "sar.mp4", numbered_frames(2), pixel_aspect=Fraction(4, 3))
    assert open_source(path).info.pixel_aspect == pytest.approx(4 / 3)
    set_display_matrix(path, 0, 1, -1, 0)
    source = open_source(path)
    assert source.info.pixel_aspect == pytest.approx(3 / 4)
    assert next(iter(source)).pixel_aspect == pytest.approx(3 / 4)


def test_of_several_video_streams_the_default_one_is_read(tmp_path: Path) -> None:
    path = tmp_path / "two.mkv"
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("mpeg4", rate=25) for _ in range(2)]
        for stream, width in zip(streams, (128, 64), strict=True):
            stream.width, stream.height, stream.pix_fmt = width, 48, "yuv420p"
        streams[0].disposition = av.stream.Disposition(0)
        streams[1].disposition = av.stream.Disposition.default
        for number in range(4):
            for stream, width in zip(streams, (128, 64), strict=True):
                frame = av.VideoFrame.from_ndarray(np.full((48, width, 3), 9, np.uint8), format="rgb24")
                frame.pts = number
                container.mux(stream.encode(frame))
        for stream in streams:
            container.mux(stream.encode(None))
    assert open_source(path).info.width == 64


def test_a_frame_count_that_lies_is_not_believed(tmp_path: Path) -> None:
    avi = write_clip(tmp_path / "lie.avi", numbered_frames(8))
    header = bytearray(avi.read_bytes())
    # The number of frames of the file (avih) and of the stream (strh).
    total = header.index(b"avih") + 8 + 16
    header[total : total + 4] = (5000).to_bytes(4, "little")
    length = header.index(b"strh") + 8 + 32
    header[length : length + 4] = (5000).to_bytes(4, "little")
    avi.write_bytes(header)
    source = open_source(avi)
    assert source.info.num_frames_header == 5000
    assert len(list(source)) == 8
    assert source.shortfall is None


def test_a_raw_stream_gets_times_by_its_rate(tmp_path: Path) -> None:
    path = remux(write_clip(tmp_path / "a.mp4", numbered_frames(6), codec="libx264"), tmp_path / "a.h264")
    times = [frame.timestamp_s for frame in open_source(path)]
    np.testing.assert_allclose(np.diff(times), 0.04)


NOISE = [np.random.default_rng(k).integers(0, 256, (96, 128, 3), np.uint8) for k in range(40)]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.mp4", {"movflags": "faststart"}),
        ("a.mkv", {}),
        ("a.flv", {}),
        ("b.mp4", {"movflags": "frag_keyframe+empty_moov"}),
    ],
)
def test_a_file_that_breaks_off_gives_its_frames_and_says_why(
    tmp_path: Path, name: str, options: dict[str, str]
) -> None:
    codec_options = {"bf": "0", "g": "5"}
    codec = "flv" if name == "a.flv" else "mpeg4"
    whole = write_clip(tmp_path / name, NOISE, codec=codec, options=options, codec_options=codec_options)
    full = open_source(whole)
    assert len(list(full)) == 40
    assert full.shortfall is None
    source = open_source(cut(whole, tmp_path / f"cut_{name}", 0.6))
    assert 15 <= len(list(source)) < 30
    assert source.shortfall is not None


@pytest.mark.parametrize("name", ["cut.gif", "cut.avi"])
def test_other_containers_tell_too(tmp_path: Path, name: str) -> None:
    whole = tmp_path / f"whole{name[3:]}"
    if name == "cut.gif":
        pages = [Image.fromarray(image) for image in NOISE[:8]]
        pages[0].save(whole, save_all=True, append_images=pages[1:], duration=80)
    else:
        write_clip(whole, NOISE)
    full = open_source(whole)
    assert len(list(full)) >= 8
    assert full.shortfall is None
    source = open_source(cut(whole, tmp_path / name, 0.6))
    assert len(list(source)) > 0
    assert source.shortfall is not None


def test_a_source_that_cannot_be_read_further(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = write_clip(tmp_path / "a.mp4", NOISE[:12], codec="libx264", codec_options={"bf": "0"})
    packets = MediaFile.packets

    def break_off(media: MediaFile, stream: VideoStream) -> Iterator[Any]:
        yield from itertools.islice(packets(media, stream), 5)
        raise av.error.OSError(5, "Input/output error")

    monkeypatch.setattr(MediaFile, "packets", break_off)
    source = open_source(clip)
    assert len(list(source)) == 5
    assert source.shortfall == "reading broke off: Input/output error"


def test_a_long_last_frame_is_no_cut(tmp_path: Path) -> None:
    for name in ("a.mp4", "a.mkv"):
        clip = write_clip(tmp_path / name, numbered_frames(5), timestamps_s=[0, 0.1, 0.2, 0.3, 3.3])
        source = open_source(clip)
        assert len(list(source)) == 5
        assert source.shortfall is None


def test_damage_in_the_middle_is_counted_and_passed_over(tmp_path: Path) -> None:
    path = write_clip(
        tmp_path / "a.mp4", NOISE, codec="libx264", options={"movflags": "faststart"}, codec_options={"g": "5"}
    )
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + len(data) // 10] = bytes(len(data) // 10)
    path.write_bytes(data)
    source = open_source(path)
    assert 20 <= len(list(source)) < 40
    assert source.shortfall is not None
    assert "damaged packets" in source.shortfall


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.mp4", b"", r"the file is empty \(0 bytes\)"),
        ("text.mp4", b"hello world\n" * 99, "a text file, not a picture or video"),
        ("text.txt", b"hello world\n" * 99, "a text file, not a picture or video"),
        ("noise.mkv", bytes(range(256)) * 99, "not a picture or video that FFmpeg can read"),
        ("list.m3u8", b"#EXTM3U\n#EXTINF:1,\n/etc/hostname\n", r"a playlist \(HLS, M3U\)"),
    ],
)
def test_files_that_are_no_videos(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=message):
        open_source(tmp_path / name)


def test_absent_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no such file"):
        open_source(tmp_path / "absent.mp4")
    with pytest.raises(SourceError, match="a folder, where a picture or video was expected"):
        open_source(tmp_path)


def test_what_is_no_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    for path in (tmp_path / "pipe.mp4", Path("/dev/null")):
        with pytest.raises(SourceError, match="not a regular file"):
            open_source(path)


def test_sound_without_pictures(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(SourceError, match="it has sound, but no video; give a picture or video"):
        open_source(path)


def test_a_codec_that_nobody_knows(tmp_path: Path) -> None:
    content = write_clip(tmp_path / "c.mp4", numbered_frames(3), codec="libx264").read_bytes()
    place = content.rindex(b"avc1")
    (tmp_path / "c.mp4").write_bytes(content[:place] + b"zz9v" + content[place + 4 :])
    with pytest.raises(SourceError, match=r"c\.mp4: its video is in a format that FFmpeg cannot decode"):
        open_source(tmp_path / "c.mp4")


def test_a_video_without_frames(tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "a.mp4", NOISE[:4], options={"movflags": "faststart"})
    data = bytearray(whole.read_bytes())
    start = data.index(b"mdat") + 4
    data[start:] = bytes(len(data) - start)
    whole.write_bytes(data)
    with pytest.raises(SourceError, match="no frame that can be decoded"):
        open_source(whole)


def test_names_that_ffmpeg_would_take_for_something_else(tmp_path: Path) -> None:
    for name in ("concat:a.mp4", "a%03d.mp4", "http:clip.mp4", "-dash.mp4", "ümlaut 漢字.mp4"):
        path = write_clip(tmp_path / "plain.mp4", numbered_frames(3)).rename(tmp_path / name)
        assert len(list(open_source(path))) == 3


def test_carphone(carphone: Path) -> None:
    source = open_source(carphone)
    assert source.info.rate_hz == Fraction(30000, 1001)
    assert source.info.pixel_aspect == pytest.approx(128 / 117)
    assert len(list(source)) == 120


def test_closing_waits_for_a_frame_that_is_being_decoded(tmp_path: Path) -> None:
    source = video.VideoSource(write_clip(tmp_path / "a.mp4", numbered_frames(10)))
    decoded, has_begun, may_end = source._frames, threading.Event(), threading.Event()
    num_closed = 0

    def slowly() -> Iterator[Any]:
        for frame in decoded:
            has_begun.set()
            may_end.wait(30)
            assert num_closed == 0, "nothing is asked of a file that is closed"
            yield frame

    def close() -> None:
        nonlocal num_closed
        source.close()
        num_closed += 1

    source._frames = slowly()
    read: list[int] = []
    reader = threading.Thread(target=lambda: read.extend(frame.index for frame in source))
    reader.start()
    assert has_begun.wait(30)
    closer = threading.Thread(target=close)
    closer.start()
    closer.join(0.1)
    assert num_closed == 0
    may_end.set()
    for thread in (closer, reader):
        thread.join(30)
        assert not thread.is_alive()
    assert num_closed == 1
    assert read == list(range(len(read)))
    assert list(source) == []


@pytest.mark.parametrize(
    ("size", "num_cores", "most", "expected"),
    [
        ((640, 360), 2, None, 1),
        ((1280, 720), 2, None, 4),
        ((1920, 1080), 2, None, 4),
        ((1920, 1080), 2, 1, 1),
        ((1920, 1080), 2, 3, 3),
        ((1920, 1080), 1, None, 1),
        ((1920, 1080), 64, None, 16),
        ((3840, 2160), 64, None, 4),
        ((7680, 4320), 64, None, 2),
        ((0, 0), 2, None, 1),
    ],
)
def test_threads_of_the_decoder(
    size: tuple[int, int], num_cores: int, most: int | None, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: num_cores)
    width, height = size
    stream: Any = SimpleNamespace(codec_context=SimpleNamespace(width=width, height=height))
    assert video._count_threads(stream, most) == expected
