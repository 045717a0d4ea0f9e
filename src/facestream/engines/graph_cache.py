"""Cache converted networks on disk, so that later starts need no conversion.

An entry is a zip file. Its checksums reveal damage, and a damaged entry is made again. Entries are written under
another name and renamed, so that processes never see incomplete ones.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import re
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import platformdirs

__all__ = ["CACHE_VARIABLE", "Graph", "cache_folder", "cached_graph"]

CACHE_VARIABLE = "FACESTREAM_CACHE"
"""The environment variable for another folder."""

MEMBERS = ("graph.xml", "graph.bin")

_log = logging.getLogger(__name__)


class Graph(NamedTuple):
    """A network in OpenVINO's format."""

    xml: bytes
    constants: bytes


def cache_folder() -> Path:
    """Return the folder of converted networks: the user's cache folder, or that of ``FACESTREAM_CACHE``."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named) if named else platformdirs.user_cache_path("facestream")


def cached_graph(key: str, convert: Callable[[], Graph]) -> Graph:
    """Return the graph of a key from disk, or convert it now."""
    path = cache_folder() / (re.sub(r"[^A-Za-z0-9._+-]", "_", key) + ".graph")
    graph = _read(path)
    if graph is None:
        graph = convert()
        _write(path, graph)
    return graph


def _read(path: Path) -> Graph | None:
    try:
        with zipfile.ZipFile(path) as entry:
            return Graph(*(entry.read(name) for name in MEMBERS))
    except FileNotFoundError:
        return None
    except (OSError, zipfile.BadZipFile, zlib.error, KeyError, EOFError, NotImplementedError, RuntimeError) as error:
        _log.info("%s: cannot be used (%s), made again", path, error)
        return None


def _write(path: Path, graph: Graph) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as entry:
        for name, data in zip(MEMBERS, graph, strict=True):
            entry.writestr(name, data)
    hidden = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".part", delete=False) as file:
            hidden = file.name
            file.write(content.getbuffer())
        Path(hidden).replace(path)
    except OSError as error:
        _log.warning(
            "%s: networks cannot be kept for the next start, which will be slower (%s); set %s to another folder",
            path.parent,
            error.strerror or error,
            CACHE_VARIABLE,
        )
        if hidden:
            with contextlib.suppress(OSError):
                Path(hidden).unlink()
