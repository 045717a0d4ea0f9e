"""Meshes as a NumPy archive, spooled to disk frame by frame."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from facestream.errors import OutputError
from facestream.io.clock import FrameClock
from facestream.io.staging import StagedFile
from facestream.structures import FaceMeshes, Frame
from facestream.topology import NUM_LANDMARKS

__all__ = ["MeshNpzWriter"]

SHAPES = {
    "landmarks": (NUM_LANDMARKS, 3),
    "presence": (),
    "scores": (),
    "detected": (),
    "boxes": (4,),
    "keypoints": (6, 2),
}
"""Of one face; the archive's arrays have frames and faces before it."""


class MeshNpzWriter:
    """The arrays of ``SHAPES``, ``timestamps_s`` (frames,), ``size`` (width, height) and ``meta``, a JSON string."""

    def __init__(self, path: Path, num_faces: int) -> None:
        self.paths: tuple[Path, ...] = (path,)
        self._num_faces = num_faces
        self._num_frames = 0
        self._size = (0, 0)
        self._staged = StagedFile(path)
        try:
            self._spools: dict[str, IO[bytes]] = {name: tempfile.TemporaryFile(dir=path.parent) for name in SHAPES}  # noqa: SIM115 - closed in discard()
        except OSError as error:
            self._staged.discard()
            raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error

    def write(self, frame: Frame, meshes: FaceMeshes) -> None:
        if not self._num_frames:
            self._size = frame.size
        self._num_frames += 1
        for name, shape in SHAPES.items():
            if name == "detected":
                values = np.arange(self._num_faces) < len(meshes)
            else:
                values = np.full((self._num_faces, *shape), np.nan, dtype=np.float32)
                values[: len(meshes)] = getattr(meshes, name)
            self._spools[name].write(values.tobytes())

    def finish(self, clock: FrameClock, meta: Mapping[str, Any]) -> None:
        with zipfile.ZipFile(self._staged.file, "w", zipfile.ZIP_STORED) as archive:
            for name, shape in SHAPES.items():
                dtype = np.dtype(bool if name == "detected" else np.float32)
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    _write_header(member, (self._num_frames, self._num_faces, *shape), dtype)
                    self._spools[name].seek(0)
                    shutil.copyfileobj(self._spools[name], member, 1 << 20)
            arrays: dict[str, npt.NDArray[Any]] = {
                "timestamps_s": clock.timestamps_s,
                "size": np.array(self._size),
                "meta": np.array(json.dumps(meta)),
            }
            for name, array in arrays.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, array, allow_pickle=False)
        self._staged.finish()

    def commit(self) -> None:
        self._staged.commit()

    def discard(self) -> None:
        for spool in self._spools.values():
            # Closing writes what is buffered, and the disk may be full.
            with contextlib.suppress(OSError):
                spool.close()
        self._staged.discard()


def _write_header(member: IO[bytes], shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(member, header)
