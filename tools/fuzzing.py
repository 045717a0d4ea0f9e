"""Shared code of the fuzzers: a scratch folder, the two checks that apply to every input, and inputs as choices.

A fuzzer is a file ``tools/fuzz_NAME.py`` with ``SEEDS``, the inputs to start from, and ``one_input``, which raises if
an input is neither accepted nor rejected as it should be. ``tools/fuzz.py`` runs the fuzzers.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import shutil
import tempfile
import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from facestream.errors import FacestreamError

__all__ = ["Picks", "bounded_memory", "refusals", "scratch_folder"]

T = TypeVar("T")

JSON_WORDS = (
    *("null", "true", "false", "0", "1", "-1", "2.5", "1e400", "NaN", "1" + "0" * 400, "9" * 5000),
    *(
        '""',
        '"x"',
        '"a\\nb"',
        '"\\u0000"',
        '"\\ud800"',
        '"../x"',
        "[]",
        "{}",
        '["stream","npz"]',
        *("[" * depth + "]" * depth for depth in (900, 940, 960, 970, 980, 990)),
    ),
)
"""JSON values, including some that parsers often handle wrongly."""


@functools.cache
def scratch_folder(name: str) -> Path:
    """Create an empty folder for a fuzzer, which is removed when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@contextlib.contextmanager
def bounded_memory(num_bytes: int) -> Iterator[None]:
    """Check the peak memory of the enclosed code. Tracing is left on, because every stop would leak some memory."""
    if not tracemalloc.is_tracing():
        tracemalloc.start()
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    yield
    _, peak = tracemalloc.get_traced_memory()
    assert peak - before <= num_bytes, f"{peak - before} bytes, but only {num_bytes} are allowed"


@contextlib.contextmanager
def refusals() -> Iterator[None]:
    """Allow the enclosed code to reject the input with one of facestream's own errors, whose message is one line."""
    try:
        yield
    except FacestreamError as error:
        lines = str(error).splitlines()
        assert len(lines) == 1, f"a message of {len(lines)} lines: {lines}"


class Picks:
    """Makes choices from the bytes of an input; after the last byte, it always makes the first choice."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self, limit: int) -> int:
        """Return a whole number from 0 to below the limit, which is at most 256."""
        number = self._data[self._at] % limit if self._at < len(self._data) else 0
        self._at += 1
        return number

    def one_of(self, known: Sequence[T]) -> T:
        return known[self.number(len(known))]

    def raw(self) -> bytes:
        """Return up to 255 raw bytes."""
        start, length = self._at + 1, self.number(256)
        self._at += length
        return self._data[start : start + length]

    def rest(self) -> bytes:
        """Return all remaining bytes."""
        start, self._at = self._at, len(self._data)
        return self._data[start:]

    def text(self, known: Sequence[str]) -> str:
        """Return mostly one of the known texts, otherwise any text, which may contain lone surrogates."""
        at = self.number(len(known) + 2)
        if at < len(known):
            return known[at]
        return self.raw().decode("utf-8", "surrogateescape") if at == len(known) else "x" * 300

    def json(self, known: Sequence[str], depth: int = 2) -> str:
        """Return JSON, or almost JSON: mostly one of the known texts as a string, otherwise any value."""
        at = self.number(len(known) + 3)
        if at < len(known):
            return json.dumps(known[at])
        if at == len(known) or not depth:
            return self.one_of(JSON_WORDS)
        if at == len(known) + 1:
            return json.dumps(self.text(known or ("",)))
        values = [self.json(known, depth - 1) for _ in range(self.number(3))]
        if self.number(2):
            return "{" + ",".join(f"{json.dumps(self.text(known or ('',)))}:{value}" for value in values) + "}"
        return "[" + ",".join(values) + "]"
