"""Find the picture type of an H.264 or HEVC packet."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["begins_anew"]

IDR_TYPES = {"h264": {5}, "hevc": {19, 20}}
"""NAL unit types of IDR pictures, after which no earlier picture is needed (H.264 table 7-1; HEVC table 7-1:
IDR_W_RADL, IDR_N_LP)."""

START_CODE = b"\x00\x00\x01"


def begins_anew(packet: bytes, codec: str, extradata: bytes) -> bool:
    """Whether a keyframe packet holds an IDR picture. A recovery point, such as a CRA picture, does not count.

    ``extradata`` is the stream's: it says how long the length before each unit is (ISO 14496-15, 5.3.3 and 8.3.3);
    without it, units stand between start codes.
    """
    if codec not in IDR_TYPES:
        return True
    is_hevc = codec == "hevc"
    at = 21 if is_hevc else 4
    is_counted = len(extradata) > at and extradata[0] == 1
    units = _counted_units(packet, (extradata[at] & 3) + 1) if is_counted else _marked_units(packet)
    types = ((unit >> 1) & 0x3F if is_hevc else unit & 0x1F for unit in units)
    return any(kind in IDR_TYPES[codec] for kind in types)


def _counted_units(packet: bytes, size: int) -> Iterator[int]:
    """Iterate over the first byte of each unit in a packet with length prefixes."""
    at = 0
    while at + size < len(packet):
        yield packet[at + size]
        at += size + int.from_bytes(packet[at : at + size], "big")


def _marked_units(packet: bytes) -> Iterator[int]:
    """Iterate over the first byte of each unit in a packet with start codes."""
    at = packet.find(START_CODE)
    while 0 <= at < len(packet) - len(START_CODE):
        yield packet[at + len(START_CODE)]
        at = packet.find(START_CODE, at + len(START_CODE))
