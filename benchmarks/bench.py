"""The input of every question of the benchmark."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from truth import Truth

__all__ = ["ROOT", "Bench", "show_progress"]

ROOT = Path(__file__).parents[1]
"""The root of the repository."""


@dataclass(frozen=True, slots=True)
class Bench:
    """The ground truth, and the peer to compare with."""

    truth: Truth
    peer_python: Path
    """The Python of MediaPipe's environment, which need not exist."""


def show_progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
