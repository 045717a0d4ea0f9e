from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facestream.media.container.nal_units import begins_anew

AVCC = bytes([1, 100, 0, 31, 0xFF])
"""Lengths of four bytes."""

HVCC = bytes([1, *[0] * 20, 0xFF])


def counted(*units: bytes) -> bytes:
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in units)


def marked(*units: bytes) -> bytes:
    return b"".join(b"\0\0\1" + unit for unit in units)


H264_IDR, H264_SEI, H264_SLICE = bytes([0x65, 1, 2]), bytes([0x06, 6, 1]), bytes([0x41, 1, 2])
HEVC_IDR, HEVC_CRA, HEVC_SEI = bytes([19 << 1, 1]), bytes([21 << 1, 1]), bytes([39 << 1, 1])


@pytest.mark.parametrize(
    ("codec", "units", "expected"),
    [
        ("h264", (H264_SEI, H264_IDR), True),
        ("h264", (H264_SEI, H264_SLICE), False),
        ("hevc", (HEVC_SEI, HEVC_IDR), True),
        ("hevc", (HEVC_SEI, HEVC_CRA), False),
    ],
)
def test_idr_pictures_are_found(codec: str, units: tuple[bytes, ...], expected: bool) -> None:
    extradata = AVCC if codec == "h264" else HVCC
    assert begins_anew(counted(*units), codec, extradata) is expected
    assert begins_anew(marked(*units), codec, b"") is expected
    assert begins_anew(marked(*units), codec, b"\0\0\0\1\x67") is expected


def test_key_frames_of_other_codecs_stand_alone() -> None:
    assert begins_anew(b"", "vp9", b"")


@given(st.binary(max_size=200), st.sampled_from(["h264", "hevc"]), st.sampled_from([b"", AVCC, HVCC]))
def test_any_bytes_have_an_answer(packet: bytes, codec: str, extradata: bytes) -> None:
    assert begins_anew(packet, codec, extradata) in (True, False)
