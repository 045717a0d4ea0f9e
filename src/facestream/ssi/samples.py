"""The samples of an SSI stream: binary ones are memory-mapped, text is parsed block by block."""

from __future__ import annotations

import os
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from facestream.errors import StreamFormatError
from facestream.ssi.header import DTYPES, WRITTEN_TYPES, SsiHeader, data_path, open_regular
from facestream.storage.spool import ArraySpool

__all__ = ["parse_numbers", "read_samples"]

WHAT = "the samples of the stream"
BLOCK_BYTES = 1 << 15
MAX_WORD_BYTES = 1000
"""The most characters of a number."""


def read_samples(path: Path, header: SsiHeader) -> npt.NDArray[Any]:
    """The samples (num_rows, dim) of a stream, by its header file.

    Nothing is allocated before the data file has been found to hold what the header promises.

    Raises:
        SourceError: the data file is missing.
        StreamFormatError: its bytes do not match the header.
    """
    with open_regular(data_path(path), WHAT) as file:
        if header.is_ascii:
            return _TextSamples(data_path(path), header).read(file)
        return _map_samples(data_path(path), file, header)


def _map_samples(samples: Path, file: BinaryIO, header: SsiHeader) -> npt.NDArray[Any]:
    shape, dtype = (header.num_rows, header.dim), header.dtype
    found = os.fstat(file.fileno()).st_size
    if found != header.num_bytes:
        num_values = shape[0] * shape[1]
        fitting = [name for name, other in WRITTEN_TYPES.items() if num_values * other.itemsize == found]
        hint = f"; they would fit the type {' or '.join(fitting)}" if fitting and found else ""
        raise StreamFormatError(
            f"{samples}: {found} bytes, but the header promises {header.num_bytes} "
            f"({shape[0]} samples of {shape[1]} x {dtype}){hint}"
        )
    return np.memmap(file, dtype, mode="r", shape=shape) if found else np.empty(shape, dtype)


class _TextSamples:
    """Reads numbers separated by white space and the delimiters of the header."""

    def __init__(self, samples: Path, header: SsiHeader) -> None:
        self._samples = samples
        self._header = header
        self._separators = bytes.maketrans(
            bytes(ord(c) for c in header.delim if ord(c) < 128), b" " * sum(ord(c) < 128 for c in header.delim)
        )

    def read(self, file: BinaryIO) -> npt.NDArray[Any]:
        header = self._header
        num_values = header.num_rows * header.dim
        with ArraySpool(header.dtype) as values:
            num_found = self._read_into(values, file, num_values)
            if num_found != num_values:
                raise StreamFormatError(
                    f"{self._samples}: {num_found} numbers, but the header promises "
                    f"{header.num_rows} samples x {header.dim}"
                )
            return values.to_array(header.dim)

    def _read_into(self, values: ArraySpool, file: BinaryIO, num_wanted: int) -> int:
        """Keep the wanted numbers; return how many there are."""
        num_found, rest = 0, b""
        while block := file.read(BLOCK_BYTES):
            if not block.isascii() or b"_" in block:
                raise StreamFormatError(f"{self._samples}: the header says ASCII, but there are other bytes in it")
            block = rest + block.translate(self._separators)
            words = block.split()
            rest = b"" if block[-1:].isspace() or not words else words.pop()
            if len(rest) > MAX_WORD_BYTES:
                raise StreamFormatError(f"{self._samples}: a sample is no number (it has no end)")
            num_found += self._take(words, values, num_wanted - num_found)
        return num_found + self._take([rest] if rest else [], values, num_wanted - num_found)

    def _take(self, words: list[bytes], values: ArraySpool, num_wanted: int) -> int:
        """Keep the numbers if there are not more than wanted; return how many there are."""
        if words and len(words) <= num_wanted:
            try:
                values.append(parse_numbers(words, self._header.type_name))
            except (ValueError, ArithmeticError) as error:
                raise StreamFormatError(f"{self._samples}: a sample is no number ({error})") from error
        return len(words)


def parse_numbers(words: Sequence[bytes], type_name: str) -> npt.NDArray[Any]:
    """Parse words as numbers of one of ``DTYPES``.

    Raises:
        ValueError, ArithmeticError: a word is no number, or none of that type.
    """
    dtype = DTYPES[type_name]
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        whole = [_whole(word) for word in words]
        if any(not limits.min <= number <= limits.max for number in whole):
            raise ValueError(f"out of the range of {type_name}")
        return np.array(whole, dtype=dtype)
    numbers = np.array([float(word) for word in words], dtype=np.float64)
    with np.errstate(over="ignore"):
        values = numbers.astype(dtype)
    if dtype.kind == "f" and (np.isinf(values) & np.isfinite(numbers)).any():
        raise ValueError(f"out of the range of {type_name}")
    return values


def _whole(word: bytes) -> int:
    """Parse an integer, which may be written as ``9.223372036854775807e+18``."""
    try:
        return int(word)
    except ValueError:
        if not abs(float(word)) < 2.0**65:
            raise ValueError(f"{word[:40].decode()} is out of range") from None
        number = Decimal(word.decode())
        if number != number.to_integral_value():
            raise ValueError(f"{word[:40].decode()} is not whole") from None
        return int(number)
