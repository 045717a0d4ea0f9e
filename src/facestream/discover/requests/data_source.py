"""Parse the ``src`` of a description: the kind of data, and where it comes from or goes to."""

from __future__ import annotations

from dataclasses import dataclass

from facestream.errors import RequestError

__all__ = ["DataKind", "DataSource", "parse_kind", "parse_source"]

ORIGINS = ("db", "file", "url", "request")
SUPER_KINDS = ("stream", "annotation", "text", "image", "table")
SUB_KINDS = ("audio", "video", "ssistream", "discrete", "continuous", "free")
SYNONYMS = {"anno": "annotation"}


@dataclass(frozen=True, slots=True)
class DataKind:
    """A kind of data, in lower case: ``stream``, ``ssistream``, ``feature;face;landmarks``."""

    super_kind: str
    sub_kind: str = ""
    specific: str = ""

    def __str__(self) -> str:
        return ":".join(part for part in (self.super_kind, self.sub_kind, self.specific) if part)

    @property
    def is_picture_or_video(self) -> bool:
        return self.super_kind == "image" or (self.super_kind, self.sub_kind) == ("stream", "video")

    def fits(self, wanted: DataKind) -> bool:
        """Whether this kind can be used where another is wanted. A picture is a short video, and a missing word matches
        any."""
        if wanted.is_picture_or_video:
            return self.is_picture_or_video or self == DataKind("stream")
        return self.super_kind == wanted.super_kind and self.sub_kind in ("", wanted.sub_kind)


@dataclass(frozen=True, slots=True)
class DataSource:
    """Where data comes from or goes to, and its kind."""

    origin: str
    """``db``, ``file``, ``url`` or ``request``."""
    kind: DataKind


def parse_source(text: str) -> DataSource:
    """Parse ``origin:super[:sub[:specific]]`` in upper or lower case.

    Raises:
        RequestError: it is invalid.
    """
    origin, _, rest = text.strip().partition(":")
    if origin.lower() not in ORIGINS:
        raise RequestError(
            f"src {text[:80]!r} does not begin with where the data lies; expected one of "
            f"{', '.join(f'{origin}:' for origin in ORIGINS)}"
        )
    return DataSource(origin.lower(), _parse_kind(rest, f"src {text[:80]!r}"))


def parse_kind(text: str) -> DataKind:
    """Parse ``super[:sub[:specific]]`` in upper or lower case, as in trainers.

    Raises:
        RequestError: it is invalid.
    """
    return _parse_kind(text, f"data {text[:80]!r}")


def _parse_kind(text: str, what: str) -> DataKind:
    super_kind, sub_kind, specific = (*text.strip().lower().split(":", 2), "", "")[:3]
    super_kind = SYNONYMS.get(super_kind, super_kind)
    if super_kind not in SUPER_KINDS:
        raise RequestError(f"{what} does not say what the data is; expected one of {', '.join(SUPER_KINDS)}")
    if sub_kind and sub_kind not in SUB_KINDS:
        raise RequestError(f"{what} is of an unknown kind; after {super_kind}: comes one of {', '.join(SUB_KINDS)}")
    return DataKind(super_kind, sub_kind, specific.rstrip(":"))
