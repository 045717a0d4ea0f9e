from __future__ import annotations

from facestream.discover.progress_lines import ProgressLines
from facestream.structures import Progress


def test_a_line_now_and_then() -> None:
    said: list[str] = []
    lines = ProgressLines(said.append, every_s=10)
    for seconds in (0.0, 4.0, 9.9, 10.0, 12.0, 19.9, 25.0):
        lines(Progress(round(seconds * 100), 9000, seconds))
    assert said == [
        "1000 of about 9000 frames, 100 frames/s, 0:01:20 left",
        "2500 of about 9000 frames, 100 frames/s, 0:01:05 left",
    ]
