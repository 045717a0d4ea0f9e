"""Describe the content of files and folders that facestream reads or writes.

To add a kind, write one module with its description and add one entry to ``KINDS``.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from facestream.errors import SourceError
from facestream.inspection.description import Description
from facestream.inspection.file_signature import FileSignature, read_signature
from facestream.inspection.kinds.archive import describe_archive, is_archive
from facestream.inspection.kinds.batch import describe_batch, find_journal
from facestream.inspection.kinds.lists import LIST_SUFFIXES, describe_list
from facestream.inspection.kinds.stream import StreamDescription, describe_stream
from facestream.inspection.kinds.table import describe_table, is_table
from facestream.inspection.kinds.trainer import describe_trainer
from facestream.inspection.kinds.weights import WEIGHTS_SUFFIXES, describe_weights

__all__ = ["Description", "StreamDescription", "describe_stream", "inspect"]

SAMPLES_ENDING = ".stream~"


class _Kind(NamedTuple):
    """How to recognise a kind of file, and how to describe it."""

    matches: Callable[[FileSignature], bool]
    describe: Callable[[Path], Description]


def _describe_media(path: Path) -> Description:
    from facestream.inspection.kinds.media import describe_media

    return describe_media(path)


KINDS = (
    _Kind(lambda signature: signature.has_root("stream") or signature.suffix == ".stream", describe_stream),
    _Kind(lambda signature: signature.has_root("trainer") or signature.suffix == ".trainer", describe_trainer),
    _Kind(is_archive, describe_archive),
    _Kind(is_table, describe_table),
    _Kind(lambda signature: signature.suffix in WEIGHTS_SUFFIXES, describe_weights),
    _Kind(lambda signature: signature.suffix in LIST_SUFFIXES, describe_list),
    _Kind(lambda signature: not signature.is_folder, _describe_media),
)
"""The first one that matches is used."""


def inspect(path: str | os.PathLike[str]) -> Description:
    """Describe a stream, archive, table, picture, video, trainer, list, weights file or batch folder.

    Raises:
        FacestreamError: The path is none of these, is missing or is damaged.
    """
    path = Path(path)
    if path.name.endswith(SAMPLES_ENDING):
        raise SourceError(f"{path}: these are the samples of a stream; give its header, {path.name.removesuffix('~')}")
    signature = read_signature(path)
    if journal := find_journal(path):
        return describe_batch(journal)
    if signature.is_folder:
        raise SourceError(f"{path}: this folder holds no batch; give a file, or the output folder of facestream batch")
    return next(kind.describe(path) for kind in KINDS if kind.matches(signature))
