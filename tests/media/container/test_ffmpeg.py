"""FFmpeg opens what it is handed, and nothing that this names."""

from __future__ import annotations

import ast
import re
from contextlib import closing
from pathlib import Path

import av
import pytest
from av.format import ContainerFormat

import facestream
from facestream.errors import SourceError
from facestream.media.container.ffmpeg import AVFMT_NOFILE, HANDED_OVER, REFUSED_FORMATS, allowed_formats, open_reader
from facestream.media.container.media_file import MediaFile
from facestream.media.source import open_source
from tests.media.clips import numbered_frames, remux, write_clip
from tests.media.foreign_media import nobody_is_asked, write_foreign_files, write_movie_with_reference


def test_no_file_leads_to_another(sample: Path, tmp_path: Path) -> None:
    with nobody_is_asked() as address:
        files = write_foreign_files(tmp_path / "media", tmp_path / "elsewhere", sample, address)
        assert len(files) > 190
        for path, pattern in files.items():
            with pytest.raises(SourceError, match=f"^{re.escape(str(path))}: {pattern}") as caught:
                open_source(path)
            assert "\n" not in str(caught.value)
    # The clip that they name is one that can be read.
    with closing(open_source(tmp_path / "media" / "below" / "clip.ts")) as source:
        assert sum(1 for _ in source) == 30


def test_sound_may_lie_elsewhere(sample: Path, tmp_path: Path) -> None:
    """A reference that does not concern the pictures, or says that all lies in this file, refuses nothing."""
    path = write_movie_with_reference(sample, tmp_path / "a.mov", b"url ", "")
    with closing(open_source(path)) as source:
        assert sum(1 for _ in source) == 30
    path = write_movie_with_reference(sample, tmp_path / "b.mov", b"alis", "elsewhere.mov")
    data = bytearray(path.read_bytes())
    handler = data.index(b"vide", data.index(b"hdlr"))
    data[handler : handler + 4] = b"soun"
    path.write_bytes(data)
    with pytest.raises(SourceError, match="it has sound, but no video"):
        open_source(path)


def test_names_with_numbers_are_no_sequences(tmp_path: Path) -> None:
    """FFmpeg would look for the pictures 0, 1, 2 and so on beside it."""
    from PIL import Image

    for number in range(3):
        Image.new("RGB", (64, 48), (0, 0, 80 * number)).save(tmp_path / f"frame{number}.tga")
    with pytest.raises(SourceError, match=r"there is no such file; numbered pictures are read from .* --sequence HZ"):
        open_source(tmp_path / "frame%d.tga")
    Image.new("RGB", (64, 48), (200, 0, 0)).save(tmp_path / "frame%d.tga")
    with closing(open_source(tmp_path / "frame%d.tga")) as source:
        (frame,) = source
    assert frame.image.mean(axis=(0, 1)).tolist() == [200, 0, 0]


def test_every_reader_of_ffmpeg_was_looked_at() -> None:
    """Readers that open something by its name are refused, and so are those of the table."""
    allowed = set(allowed_formats().split(","))
    assert not allowed & set(REFUSED_FORMATS)
    assert {"matroska", "mov", "mpegts", "avi", "h264"} <= allowed
    for name in av.formats_available:
        try:
            reader = ContainerFormat(name, "r")
        except ValueError:
            continue
        if reader.flags & AVFMT_NOFILE:
            assert (name in allowed) == (name in HANDED_OVER), name


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts", ".avi", ".webm", ".mov", ".flv"])
def test_without_a_protocol_the_file_itself_is_read(suffix: str, tmp_path: Path) -> None:
    codec = "libvpx" if suffix == ".webm" else "mpeg4" if suffix != ".flv" else "flv"
    clip = write_clip(tmp_path / f"a{suffix}", numbered_frames(50), codec=codec)
    with closing(MediaFile(clip)) as media:
        assert sum(packet.size > 0 for packet in media.packets(media.video_stream())) == 50


def test_only_the_ending_of_a_name_is_told(sample: Path, tmp_path: Path) -> None:
    for name, told in (("a:b%03d.mp4", "media.mp4"), ("x.%03d", "media"), ("y.averylongending", "media")):
        path = tmp_path / name
        path.write_bytes(sample.read_bytes())
        with path.open("rb") as file, open_reader(file, path) as container:
            assert container.name == told


def test_ffmpeg_is_opened_in_one_place() -> None:
    package = Path(facestream.__file__).parent
    places = set()
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and ast.unparse(node) in ("av.open", "av.container.open"):
                places.add(str(path.relative_to(package)))
            if isinstance(node, ast.Attribute):
                assert node.attr not in ("VideoCapture", "imread", "VideoWriter"), path
            if isinstance(node, ast.ImportFrom) and node.module in ("av", "av.container", "av.container.core"):
                assert "open" not in [alias.name for alias in node.names], path
    assert places == {"media/container/ffmpeg.py"}


def test_a_clip_under_the_name_of_a_playlist_is_read(sample: Path, tmp_path: Path) -> None:
    """What a file is called does not matter."""
    clip = remux(sample, tmp_path / "a.mp4", num_packets=10)
    clip = clip.rename(tmp_path / "a.m3u8")
    with closing(open_source(clip)) as source:
        assert sum(1 for _ in source) == 10
