"""NumPy archives: written row by row through files on disk, and read by memory-mapping their arrays."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import struct
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, BinaryIO

import numpy as np
import numpy.typing as npt

from facestream.errors import InputError, OutputError, SourceError
from facestream.ssi.header import open_regular
from facestream.storage.staging import StagedFile

__all__ = ["ArchiveWriter", "check_array", "read_archive", "read_meta"]

LOCAL_HEADER_BYTES = 30
MAX_ARRAY_HEADER_BYTES = 1 << 14
"""NumPy refuses headers of more than 10,000 characters."""
MAX_META_CHARACTERS = 1 << 20
"""The limit on ``meta``."""


class ArchiveWriter:
    """Writes an uncompressed ``.npz`` whose arrays grow row by row."""

    def __init__(self, path: Path, rows: Mapping[str, tuple[tuple[int, ...], npt.DTypeLike]]) -> None:
        """``rows`` holds the shape and type of one row of each array."""
        self.paths: tuple[Path, ...] = (path,)
        self.notes: tuple[str, ...] = ()
        self._rows = {name: (shape, np.dtype(dtype)) for name, (shape, dtype) in rows.items()}
        self._num_rows = 0
        self._staged = StagedFile(path)
        self._spools: dict[str, IO[bytes]] = {}
        try:
            for name in rows:
                self._spools[name] = tempfile.TemporaryFile(dir=path.parent)  # noqa: SIM115 - closed in discard()
        except OSError as error:
            self.discard()
            raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error

    def append(self, **values: npt.ArrayLike) -> None:
        """Append a row to every array."""
        self._num_rows += 1
        for name, (shape, dtype) in self._rows.items():
            self._spools[name].write(np.broadcast_to(np.asarray(values[name], dtype=dtype), shape).tobytes())

    def complete(self, arrays: Mapping[str, npt.NDArray[Any]], meta: Mapping[str, Any]) -> None:
        """Write the archive with further arrays and a JSON string, still under its hidden name.

        Raises:
            InputError: ``meta`` is longer than an archive can be read back with.
        """
        text = json.dumps(meta)
        if len(text) > MAX_META_CHARACTERS:
            raise InputError(
                f"{self.paths[0]}: {len(text)} bytes of attributes, where an archive has room for {MAX_META_CHARACTERS}"
            )
        with zipfile.ZipFile(self._staged.file, "w", zipfile.ZIP_STORED) as archive:
            for name, (shape, dtype) in self._rows.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    _write_array_header(member, (self._num_rows, *shape), dtype)
                    self._spools[name].seek(0)
                    shutil.copyfileobj(self._spools[name], member, 1 << 20)
            for name, array in {**arrays, "meta": np.array(text)}.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, array, allow_pickle=False)
        self._staged.finish()

    def commit(self) -> None:
        self._staged.commit()

    def discard(self) -> None:
        for spool in self._spools.values():
            # Closing flushes buffers, and the disk may be full.
            with contextlib.suppress(OSError):
                spool.close()
        self._staged.discard()


def read_archive(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Memory-map the arrays of an uncompressed archive. Nothing is decompressed or unpickled.

    Raises:
        SourceError: the file is missing, damaged, compressed, or holds objects.
    """
    with open_regular(path, "the archive") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                return {
                    info.filename.removesuffix(".npy"): _map_array(file, info)
                    for info in archive.infolist()
                    if info.filename.endswith(".npy")
                }
        except (zipfile.BadZipFile, ValueError, OSError, struct.error, NotImplementedError) as error:
            raise SourceError(f"{path}: not a NumPy archive that can be read ({error})") from error


def read_meta(path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> dict[str, Any]:
    """Return the JSON object that says how an archive was made.

    Raises:
        SourceError: it has none, or a damaged one.
    """
    text = arrays.get("meta")
    if text is None or text.dtype.kind != "U" or text.ndim or text.nbytes > 4 * MAX_META_CHARACTERS:
        raise SourceError(f"{path}: there is no text 'meta' in it; only archives of facestream can be read")
    try:
        # NumPy does not notice invalid characters, and Python would raise an internal error.
        characters = text.tobytes().decode("utf-32-be" if text.dtype.str.startswith(">") else "utf-32-le")
        meta = json.loads(characters.rstrip("\0"))
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path}: 'meta' is damaged ({error})") from error
    if not isinstance(meta, dict):
        raise SourceError(f"{path}: 'meta' is not a JSON object")
    return meta


def check_array(
    path: Path, arrays: Mapping[str, npt.NDArray[Any]], name: str, shape: tuple[int | None, ...], kinds: str
) -> npt.NDArray[Any]:
    """Return the array of a name after checking its shape, in which ``None`` is any length, and NumPy kind.

    Raises:
        SourceError: it has not, or is missing.
    """
    array = arrays.get(name)
    if array is None:
        raise SourceError(f"{path}: there is no array {name!r} in it; only archives of facestream can be read")
    fits = array.ndim == len(shape) and all(w in (None, g) for w, g in zip(shape, array.shape, strict=True))
    if not fits or array.dtype.kind not in kinds:
        wanted = "(" + ", ".join("any" if length is None else str(length) for length in shape) + ")"
        raise SourceError(f"{path}: {name!r} is {array.dtype} {array.shape}, where {wanted} was expected")
    return array


def _map_array(file: BinaryIO, info: zipfile.ZipInfo) -> npt.NDArray[Any]:
    if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
        raise ValueError("its arrays are packed; save it again with numpy.savez")
    file.seek(info.header_offset)
    local = file.read(LOCAL_HEADER_BYTES)
    name_bytes, extra_bytes = struct.unpack_from("<2H", local, 26)
    start = info.header_offset + LOCAL_HEADER_BYTES + name_bytes + extra_bytes
    file.seek(start)
    # Read separately, since NumPy would allocate a header as long as the file claims, up to 4 GB.
    head = io.BytesIO(file.read(MAX_ARRAY_HEADER_BYTES))
    try:
        version = np.lib.format.read_magic(head)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, is_fortran, dtype = read_header(head)
    except Exception as error:  # NumPy's parser raises any error of Python's parser
        raise ValueError(f"{info.filename} has a damaged header") from error
    if dtype.hasobject:
        raise ValueError(f"{info.filename} holds objects")
    if not dtype.itemsize:
        raise ValueError(f"{info.filename} holds {dtype}, which takes no bytes")
    num_bytes = dtype.itemsize
    for length in shape:
        num_bytes *= length
    offset = start + head.tell()
    if min(shape, default=0) < 0 or offset + num_bytes != start + info.file_size:
        raise ValueError(f"{info.filename} does not hold what its header promises")
    if not num_bytes:
        return np.empty(shape, dtype)
    array: npt.NDArray[Any] = np.memmap(
        file, dtype, mode="r", offset=offset, shape=shape or (1,), order="F" if is_fortran else "C"
    )
    return np.asarray(array) if shape else np.asarray(array).reshape(())


def _write_array_header(member: IO[bytes], shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(member, header)
