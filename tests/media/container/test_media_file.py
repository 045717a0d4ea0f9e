from __future__ import annotations

from contextlib import closing
from pathlib import Path

import av
import pytest

from facestream.errors import SourceError
from facestream.media.container import media_file
from facestream.media.container.media_file import MediaFile
from facestream.media.source import open_source
from tests.media.clips import numbered_frames, write_clip


@pytest.fixture
def few_bytes(monkeypatch: pytest.MonkeyPatch) -> int:
    """How many bytes may be barren in these tests."""
    monkeypatch.setattr(media_file, "MAX_BARREN_BYTES", 8_000_000)
    return 8_000_000


def bare(clip: Path, target: Path) -> Path:
    """The packets of a clip without a container."""
    with av.open(str(clip)) as reader, target.open("wb") as file:
        for packet in reader.demux(video=0):
            file.write(bytes(packet))
    return target


def test_packets_of_one_stream_among_several(sample: Path, tmp_path: Path) -> None:
    target = tmp_path / "sound.mkv"
    with av.open(str(sample)) as reader, av.open(str(target), "w") as writer:
        video = writer.add_stream_from_template(reader.streams.video[0])
        sound = writer.add_stream("pcm_s16le", rate=8000)
        sound.layout = "mono"
        for number, packet in enumerate(reader.demux(video=0)):
            if packet.dts is None:
                continue
            packet.stream = video
            writer.mux(packet)
            frame = av.AudioFrame(format="s16", layout="mono", samples=64)
            frame.pts, frame.sample_rate = number * 64, 8000
            writer.mux(sound.encode(frame))
    with closing(MediaFile(target)) as media:
        stream = media.video_stream()
        packets = list(media.packets(stream))
    assert packets[-1].size == 0
    assert sum(packet.size > 0 for packet in packets) == 150


def with_hole(content: bytes, place: int, path: Path) -> Path:
    """50 MB of nothing at a place of a file."""
    with path.open("wb") as file:
        file.write(content[:place])
        file.seek(place + 50_000_000)
        file.write(content[place:] or b"\0")
    return path


def test_a_hole_is_not_read_to_its_end(few_bytes: int, tmp_path: Path) -> None:
    """FFmpeg would keep all of it in memory, in search of the end of a frame."""
    clip = write_clip(tmp_path / "a.mp4", numbered_frames(120), codec="mpeg2video")
    content = bare(clip, tmp_path / "a.m2v").read_bytes()
    with closing(open_source(with_hole(content, len(content), tmp_path / "end.m2v"))) as source:
        assert 115 <= sum(1 for _ in source) <= 120
        assert source.shortfall == "reading broke off: nothing was found in 8 MB of it"
    with pytest.raises(SourceError, match="nothing was found in 8 MB of it"):
        open_source(with_hole(content, len(content) // 30, tmp_path / "beginning.m2v"))


def test_long_files_of_which_all_is_found(few_bytes: int, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.avi", numbered_frames(40, 640, 480), codec="rawvideo", pix_fmt="yuv420p")
    assert clip.stat().st_size > 2 * few_bytes
    with closing(open_source(clip)) as source:
        assert sum(1 for _ in source) == 40
        assert source.shortfall is None


def test_files_are_closed(sample: Path) -> None:
    opened = Path("/proc/self/fd")
    before = len(list(opened.iterdir())) if opened.exists() else 0
    media = MediaFile(sample)
    media.close()
    media.close()
    with pytest.raises(SourceError, match="cannot be opened"):
        MediaFile(sample.parent / "absent.mp4")
    with pytest.raises(SourceError, match="a text file, not a picture or video"):
        MediaFile(Path(__file__))
    if before:
        assert len(list(opened.iterdir())) == before
