"""Match the descriptions of a request with the inputs and outputs of a module."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from facestream.discover.requests.data_source import parse_kind
from facestream.discover.requests.descriptions import Description
from facestream.discover.trainer import Trainer, TrainerIo

__all__ = ["Match", "match_descriptions"]


@dataclass(frozen=True, slots=True)
class Match:
    """Descriptions by the ID of the trainer's input or output, and warnings about the matching."""

    descriptions: Mapping[str, Description]
    notes: Sequence[str] = field(default=())


def match_descriptions(
    descriptions: Sequence[Description], trainer: Trainer, aliases: Mapping[str, Sequence[str]]
) -> Match:
    """Find a description for each input and output of a trainer, each taken once.

    First counts the trainer's own id, then other names for it, as they stand in ``aliases``; what is left is paired
    where only one description and one input or output of its direction and kind are left. Of two with the same id the
    last one counts, as in DISCOVER.
    """
    found: dict[str, Description] = {}
    notes: list[str] = []
    left = [entry for k, entry in enumerate(descriptions) if not _comes_again(entry, descriptions[k + 1 :])]
    for io in trainer.ios:
        _take(found, left, io, [io.id])
    notes += [
        f"{io.direction} {name!r} is taken for {io.id!r}"
        for io in trainer.ios
        if io.id not in found and (name := _take(found, left, io, aliases.get(io.id, ())))
    ]
    for io in trainer.ios:
        if io.id in found:
            continue
        fitting = [entry for entry in left if _fits(entry, io)]
        rivals = [other for other in trainer.ios if other.id not in found and any(_fits(e, other) for e in fitting)]
        if len(fitting) == 1 and rivals == [io]:
            found[io.id] = fitting[0]
            left.remove(fitting[0])
            notes.append(f"{io.direction} {fitting[0].id!r} is taken for {io.id!r}, the only one that it fits")
    known = ", ".join(repr(io.id) for io in trainer.ios)
    notes += [f"{entry.word} {entry.id!r} is not used; the module knows {known}" for entry in left]
    return Match(found, notes)


def _take(found: dict[str, Description], left: list[Description], io: TrainerIo, names: Sequence[str]) -> str | None:
    """Take the description that has one of these names; return the name."""
    for name in names:
        for entry in left:
            if (entry.id, entry.direction) == (name, io.direction):
                found[io.id] = entry
                left.remove(entry)
                return name
    return None


def _comes_again(entry: Description, later: Sequence[Description]) -> bool:
    return entry.id is not None and any((o.id, o.direction) == (entry.id, entry.direction) for o in later)


def _fits(entry: Description, io: TrainerIo) -> bool:
    return entry.direction == io.direction and entry.source.kind.fits(parse_kind(io.data))
