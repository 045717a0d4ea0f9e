"""Convert numbers from files to float64."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["as_float64"]


def as_float64(values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return a copy. Signalling NaNs of damaged files cause no warnings."""
    with np.errstate(invalid="ignore"):
        return np.asarray(values).astype(np.float64)
