"""Files that are made of other files: each names a clip that is really there, or an address."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.media.clips import remux

__all__ = ["FOREIGN_FORMATS", "nobody_is_asked", "write_foreign_files", "write_movie_with_reference"]


def hls(name: str) -> bytes:
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{name}\n#EXT-X-ENDLIST\n".encode()


def hls_master(name: str) -> bytes:
    return f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=100000\n{name}\n".encode()


def hls_with_key(name: str) -> bytes:
    return (
        f'#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXT-X-KEY:METHOD=AES-128,URI="{name}"\n#EXTINF:10,\n{name}\n'
        "#EXT-X-ENDLIST\n"
    ).encode()


def concat(name: str) -> bytes:
    return f"ffconcat version 1.0\nfile '{name}'\n".encode()


def dash(name: str) -> bytes:
    return (
        '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT2S"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1" '
        f'bandwidth="1"><BaseURL>{name}</BaseURL></Representation></AdaptationSet></Period></MPD>\n'
    ).encode()


def imf(name: str) -> bytes:
    return (
        '<?xml version="1.0"?>\n<AssetMap xmlns="http://www.smpte-ra.org/schemas/429-9/2007/AM"><AssetList><Asset>'
        f"<ChunkList><Chunk><Path>{name}</Path></Chunk></ChunkList></Asset></AssetList></AssetMap>\n"
    ).encode()


def sdp(name: str) -> bytes:
    return (
        f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=session\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"
        f"a=rtpmap:96 H264/90000\na=control:{name}\n"
    ).encode()


def vobsub(name: str) -> bytes:
    return f"# VobSub index file, v7 (do not modify this line!)\n# {name}\nid: en, index: 0\n".encode()


def asx(name: str) -> bytes:
    return f'<asx version="3.0"><entry><ref href="{name}"/></entry></asx>\n'.encode()


def pls(name: str) -> bytes:
    return f"[playlist]\nNumberOfEntries=1\nFile1={name}\n".encode()


def smil(name: str) -> bytes:
    return f'<smil><body><video src="{name}"/></body></smil>\n'.encode()


def svg(name: str) -> bytes:
    return (
        '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="64" height="48"><image xlink:href="{name}" width="64" height="48"/></svg>\n'
    ).encode()


def magic_lantern(name: str) -> bytes:
    """The first of two files; the other one, which lies beside it, is known by its ending."""
    del name
    head = b"MLVI" + struct.pack("<I8sQHHIHHII", 52, b"v2.0\0\0\0\0", 1, 0, 2, 0, 0, 0, 0, 0)
    return head.ljust(52, b"\0") + bytes(400)


FOREIGN_FORMATS: dict[str, tuple[Callable[[str], bytes], str, str]] = {
    "hls": (hls, ".m3u8", r"a playlist \(HLS, M3U\): .*give the videos"),
    "hls_master": (hls_master, ".m3u8", r"a playlist \(HLS, M3U\): .*give the videos"),
    "hls_key": (hls_with_key, ".m3u8", r"a playlist \(HLS, M3U\): .*give the videos"),
    "concat": (concat, ".ffconcat", r"a list of clips for FFmpeg \(concat\): .*give the videos"),
    "dash": (dash, ".mpd", r"a streaming manifest \(DASH\): .*give the videos"),
    "imf": (imf, ".xml", r"the list of a film package \(IMF, DCP\): .*give the videos"),
    "sdp": (sdp, ".sdp", r"a description of a network session \(SDP\): .*record the session"),
    "vobsub": (vobsub, ".idx", r"the index of subtitles \(VobSub\): .*give the video"),
    "asx": (asx, ".asx", r"a playlist \(PLS, ASX\): .*give the videos"),
    "pls": (pls, ".pls", r"a playlist \(PLS, ASX\): .*give the videos"),
    "smil": (smil, ".smil", r"a playlist \(XML\): .*give the videos"),
    "svg": (svg, ".svg", r"a drawing \(SVG\).*save it as a PNG"),
    "mlv": (magic_lantern, ".mlv", r"a Magic Lantern video, .*convert it"),
}
"""What writes a file that names another one, the usual ending, and what is said of it."""


def write_foreign_files(folder: Path, elsewhere: Path, clip: Path, address: str) -> dict[Path, str]:
    """Every format by its ending and disguised, with every way to name a clip; and what is to be said of each.

    Args:
        folder: where the files go. In a folder below it there is a clip then.
        elsewhere: another folder, where there is a clip then too.
        clip: a real clip.
        address: of a listener that must not be asked.
    """
    for place in (folder / "below", elsewhere):
        place.mkdir(parents=True, exist_ok=True)
        remux(clip, place / "clip.ts", num_packets=30)
    names = {
        "absolute": str(elsewhere / "clip.ts"),
        "file-url": f"file://{elsewhere}/clip.ts",
        "relative": "below/clip.ts",
        "parent": os.path.relpath(elsewhere / "clip.ts", folder),
        "http": f"{address}/clip.ts",
    }
    found = {}
    for kind, (write, suffix, pattern) in FOREIGN_FORMATS.items():
        for way, name in names.items():
            for ending in (suffix, ".mp4", ".ts"):
                path = folder / f"{kind}-{way}{ending}"
                path.write_bytes(write(name))
                found[path] = pattern
    for entry in (b"alis", b"url "):
        path = folder / f"reference-{entry.decode().strip()}.mov"
        write_movie_with_reference(clip, path, entry, str(elsewhere / "clip.ts"))
        found[path] = r"its pictures lie in another file, .*self-contained"
    return found


def write_movie_with_reference(clip: Path, target: Path, kind: bytes, name: str) -> Path:
    """A movie whose track refers to another file by an entry of that kind in its box ``dref``."""
    data = bytearray(remux(clip, target, num_packets=30).read_bytes())
    location = name.encode().ljust(200, b"\0")
    entry = struct.pack(">I4sI", 12 + len(location), kind, 0) + location
    at = data.index(b"dref") + 12
    old = int.from_bytes(data[at : at + 4], "big")
    data[at : at + old] = entry
    # The boxes around it grow; the media data comes before them, so that no offset changes.
    assert data.index(b"mdat") < data.index(b"moov")
    for box in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        start = data.index(box, data.index(b"moov")) - 4
        size = int.from_bytes(data[start : start + 4], "big") + len(entry) - old
        data[start : start + 4] = size.to_bytes(4, "big")
    target.write_bytes(data)
    return target


@contextmanager
def nobody_is_asked() -> Iterator[str]:
    """The address of a listener that sees no connection until the end."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        try:
            server.accept()
        except BlockingIOError:
            return
        raise AssertionError("somebody asked the address")
