"""The use case: what a file or folder holds that facestream reads or writes.

A new kind is one file with a description, and one entry in ``KINDS``.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from facestream.errors import SourceError
from facestream.inspection.description import Description
from facestream.inspection.kinds.archive import describe_archive, is_archive
from facestream.inspection.kinds.batch import describe_batch, find_journal
from facestream.inspection.kinds.lists import LIST_SUFFIXES, describe_list
from facestream.inspection.kinds.stream import StreamDescription, describe_stream
from facestream.inspection.kinds.table import describe_table, is_table
from facestream.inspection.kinds.trainer import describe_trainer
from facestream.inspection.kinds.weights import WEIGHTS_SUFFIXES, describe_weights
from facestream.inspection.look import Look, look_at

__all__ = ["Description", "StreamDescription", "describe_stream", "inspect"]

SAMPLES_ENDING = ".stream~"


class _Kind(NamedTuple):
    """How a kind of file is known, and what describes it."""

    is_it: Callable[[Look], bool]
    describe: Callable[[Path], Description]


def _describe_media(path: Path) -> Description:
    from facestream.inspection.kinds.media import describe_media

    return describe_media(path)


KINDS = (
    _Kind(lambda look: look.has_root("stream") or look.suffix == ".stream", describe_stream),
    _Kind(lambda look: look.has_root("trainer") or look.suffix == ".trainer", describe_trainer),
    _Kind(is_archive, describe_archive),
    _Kind(is_table, describe_table),
    _Kind(lambda look: look.suffix in WEIGHTS_SUFFIXES, describe_weights),
    _Kind(lambda look: look.suffix in LIST_SUFFIXES, describe_list),
    _Kind(lambda look: not look.is_folder, _describe_media),
)
"""The first one that fits counts."""


def inspect(path: str | os.PathLike[str]) -> Description:
    """Describe a stream, archive, table, picture, video, trainer, list, file of weights, or the folder of a batch.

    Raises:
        FacestreamError: it is none of these, missing or damaged.
    """
    path = Path(path)
    if path.name.endswith(SAMPLES_ENDING):
        raise SourceError(f"{path}: the samples of a stream; name its header, {path.name.removesuffix('~')}")
    look = look_at(path)
    if journal := find_journal(path):
        return describe_batch(journal)
    if look.is_folder:
        raise SourceError(
            f"{path}: a folder without a batch in it; name a file, or the folder that facestream batch wrote into"
        )
    return next(kind.describe(path) for kind in KINDS if kind.is_it(look))
