"""Streams that tests write by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

__all__ = ["GOOD_HEADER", "header", "write_pair"]


def header(*, num: object = 4, **attributes: object) -> str:
    """A small header; keywords replace attributes of ``info``, ``None`` leaves one out."""
    values = {"ftype": "BINARY", "sr": "25", "dim": "3", "byte": "4", "type": "FLOAT", **attributes}
    info = " ".join(f'{name}="{value}"' for name, value in values.items() if value is not None)
    return f'<stream ssi-v="2"><info {info}/><chunk num="{num}"/></stream>'


GOOD_HEADER = header()


def write_pair(folder: Path, text: str, samples: bytes | npt.NDArray[np.generic], name: str = "b.stream") -> Path:
    """Both files of a stream, whatever they hold."""
    (folder / name).write_text(text, "utf-8")
    (folder / f"{name}~").write_bytes(samples if isinstance(samples, bytes) else samples.tobytes())
    return folder / name
