"""The two pictures that other questions rotate, pad and stretch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import skimage.data

from bench import Bench
from faces import read_picture

__all__ = ["astronaut", "still_pictures"]


def astronaut() -> npt.NDArray[np.uint8]:
    """Return scikit-image's picture of Eileen Collins."""
    return np.asarray(skimage.data.astronaut(), dtype=np.uint8)  # type: ignore[no-untyped-call]


def still_pictures(bench: Bench) -> dict[str, npt.NDArray[np.uint8]]:
    """Return the RGB images by name."""
    return {"astronaut": astronaut(), "portrait": read_picture(bench.truth.portrait())}
