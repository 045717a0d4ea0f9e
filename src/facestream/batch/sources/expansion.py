"""Expansion of command-line arguments into items: folders, patterns, lists, URLs and files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from facestream.batch.sources.items import Item
from facestream.batch.sources.manifest import LIST_SUFFIXES, read_list
from facestream.media.pictures.numbered import OVERLAY_MARK, sequence_stem
from facestream.storage.remote import find_files, is_address
from facestream.use_cases.inputs import MEDIA_SUFFIXES, Failure, Input, expand_sequence_word, expand_word

__all__ = ["find_items"]


def find_items(arguments: Sequence[str], *, are_sequences: bool = False) -> Iterator[Item | Failure]:
    """Yield the items of all arguments in order, as they are found. A folder of numbered pictures is one item.

    Raises:
        SourceError: A list cannot be read.
        OptionError: A list holds invalid names or options.
    """
    for argument in arguments:
        if is_address(argument):
            yield from _find_remote(argument)
        elif argument.lower().endswith(LIST_SUFFIXES) and os.path.isfile(argument):  # noqa: PTH113 - a name may be too long for Path
            yield from read_list(Path(argument))
        else:
            for found in expand_sequence_word(argument) if are_sequences else expand_word(argument):
                if isinstance(found, Failure):
                    yield found
                elif found.is_named or OVERLAY_MARK not in found.path.name:
                    yield _item(found, is_sequence=are_sequences)


def _item(found: Input, *, is_sequence: bool) -> Item:
    name = found.path.name
    stem = name[: -len(found.path.suffix)] if found.path.suffix else name
    if is_sequence:
        stem = sequence_stem(found.path).name
    return Item(os.path.abspath(found.path), (found.subfolder / stem).as_posix())  # noqa: PTH100 - links are kept as they are


def _find_remote(address: str) -> Iterator[Item | Failure]:
    num_found = 0
    for source, name in find_files(address):
        suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122 - a URL is not a path
        if source == address or (suffix in MEDIA_SUFFIXES and OVERLAY_MARK not in name):
            num_found += 1
            yield Item(source, name[: -len(suffix)] if suffix else name)
    if not num_found:
        yield Failure(address, f"{address}: there is no picture or video at this address")
