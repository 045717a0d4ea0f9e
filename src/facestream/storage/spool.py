"""Arrays that grow on disk, so that memory use does not depend on their length."""

from __future__ import annotations

import tempfile
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from facestream.errors import OutputError

__all__ = ["ArraySpool"]


class ArraySpool:
    """Values of one type that are appended to a file and memory-mapped at the end. The mapping outlives the spool."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self._dtype = dtype
        self._num_values = 0
        try:
            self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed at the end of the spool's own context
        except OSError as error:
            raise self._failure(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()

    def append(self, values: npt.NDArray[Any]) -> None:
        """Append values of any shape.

        Raises:
            OutputError: the folder of temporary files is full.
        """
        rest = np.ascontiguousarray(values, dtype=self._dtype).reshape(-1).view(np.uint8).data
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise self._failure(error) from error
        self._num_values += values.size

    def to_array(self, num_columns: int) -> npt.NDArray[Any]:
        """Return all values as read-only rows (N, num_columns)."""
        shape = (self._num_values // num_columns, num_columns)
        return np.memmap(self._file, self._dtype, mode="r", shape=shape) if shape[0] else np.empty(shape, self._dtype)

    def _failure(self, error: OSError) -> OutputError:
        return OutputError(
            f"{tempfile.gettempdir()}: the folder of temporary files cannot be written ({error.strerror or error}); "
            "set TMPDIR to one with room"
        )
