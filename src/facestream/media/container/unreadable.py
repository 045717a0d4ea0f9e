"""Describe a file that is not a picture or video in plain words, and say what to do instead."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from facestream.media.container.mp4_boxes import MP4_BEGINNINGS, has_box
from facestream.storage.mounts import open_readable

__all__ = ["HEAD_BYTES", "explain_made_of_others", "explain_unreadable"]

HEAD_BYTES = 4096

GIVE_VIDEOS = "nothing that it names is opened; give the videos themselves"
RECORD = "nothing that it names is opened; record the session to a file and give that"


class _Kind(NamedTuple):
    """A kind of file and its first bytes."""

    beginning: re.Pattern[bytes]
    sentence: str


def _kind(beginning: bytes, sentence: str) -> _Kind:
    # Spaces and a byte order mark may precede it.
    return _Kind(re.compile(rb"(?:\xef\xbb\xbf)?\s*" + beginning, re.IGNORECASE | re.DOTALL), sentence)


XML = rb"(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*(?:<!DOCTYPE[^>]*>\s*)?"
NAMED = rb"<(?:\w+:)?"

REFUSED_KINDS = (
    _kind(rb"#EXTM3U", f"a playlist (HLS, M3U): {GIVE_VIDEOS}"),
    _kind(rb"#EXT-X-|#EXTINF", f"a playlist (HLS, M3U): {GIVE_VIDEOS}"),
    _kind(rb"ffconcat version|file\s+\S+\s*[\r\n]", f"a list of clips for FFmpeg (concat): {GIVE_VIDEOS}"),
    _kind(rb"\[playlist\]|\[reference\]|<asx\b", f"a playlist (PLS, ASX): {GIVE_VIDEOS}"),
    _kind(XML + NAMED + rb"(?:playlist|smil|wpl|SmoothStreamingMedia)\b", f"a playlist (XML): {GIVE_VIDEOS}"),
    _kind(XML + NAMED + rb"MPD\b", f"a streaming manifest (DASH): {GIVE_VIDEOS}"),
    _kind(
        XML + NAMED + rb"(?:AssetMap|CompositionPlaylist|PackingList)\b",
        f"the list of a film package (IMF, DCP): {GIVE_VIDEOS}, which end in .mxf",
    ),
    _kind(rb"v=0\s*[\r\n]+o=|SDP\s*[\r\n]", f"a description of a network session (SDP): {RECORD}"),
    _kind(rb"(?:rtsp|rtmp|rtp|mms|https?|file)://\S+\s*(?:[\r\n]|$)", f"a list of addresses: {GIVE_VIDEOS}"),
    _kind(rb"(?:rtsp|smil|ref)text\b", f"a reference to another movie (QuickTime): {GIVE_VIDEOS}"),
    _kind(rb"# VobSub index file", "the index of subtitles (VobSub): there are no pictures in it; give the video"),
    _kind(
        rb"MLVI",
        "a Magic Lantern video, which goes on in files beside it (.M00, .M01), and those are not opened; convert it to "
        "MP4 or MOV first",
    ),
    _kind(XML + NAMED + rb"svg\b", "a drawing (SVG), which may name other files; save it as a PNG"),
)
"""Formats that consist of other files. ``REFUSED_FORMATS`` names their readers."""

SCRIPTS = {".avs": "AviSynth", ".vpy": "VapourSynth"}

OTHER_KINDS = (
    _kind(rb"%PDF-", "a PDF document; save its page as a picture"),
    _kind(rb"%!PS|\xc5\xd0\xd3\xc6", "a PostScript drawing, which is a program and is not run; save it as a PNG"),
    _kind(rb"PK\x03\x04", "a ZIP archive, or a document in one; unpack it first"),
    _kind(rb"\x1f\x8b|BZh|7z\xbc\xaf|Rar!|\xfd7zXZ|\x28\xb5\x2f\xfd", "a compressed archive; unpack it first"),
    _kind(
        XML + rb"<html\b|<!DOCTYPE html",
        "a web page; perhaps a download gave the page instead of the video, so download it again",
    ),
    _kind(XML + rb"<stream\b", "the header of an SSI stream; give the picture or video that it was made from"),
    _kind(XML + rb"<trainer\b", "a trainer of DISCOVER; give a picture or video"),
    _kind(rb"SQLite format 3\0", "a database; give a picture or video"),
)


def explain_made_of_others(head: bytes) -> str | None:
    """Return the kind of a file with these first bytes, if it consists of other files."""
    return next((kind.sentence for kind in REFUSED_KINDS if kind.beginning.match(head)), None)


def explain_unreadable(path: Path) -> str | None:
    """Describe what a file is and what to do, to follow its name in a message; ``None`` if that is unknown.

    Raises:
        OSError: it cannot be read.
    """
    with open_readable(path) as file:
        head = file.read(HEAD_BYTES)
    for kind in OTHER_KINDS:
        if kind.beginning.match(head):
            return kind.sentence
    if _is_text(head):
        script = SCRIPTS.get(path.suffix.lower())
        if script:
            return f"a program for {script}, which is not run; give the video that it makes"
        return "a text file, not a picture or video"
    if not head.strip(b"\0"):
        return "it begins with zeros instead of a picture or video; copy it again from where it was recorded"
    if head[4:8] in MP4_BEGINNINGS and not has_box(path, b"moov"):
        return (
            "its index (the moov box) is missing, as when a recording or a copy was broken off; copy it again, or "
            "repair it with a tool for unfinished MP4 files"
        )
    return None


def _is_text(head: bytes) -> bool:
    """Whether the bytes are readable UTF-8 text."""
    try:
        # The last character may be incomplete.
        text = head[:-4].decode("utf-8") if len(head) == HEAD_BYTES else head.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return bool(text.strip()) and all(character.isprintable() or character in "\t\r\n\f" for character in text)
