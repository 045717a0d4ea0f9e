"""Terminal output of a run: a progress bar, or lines if there is no terminal, and one result per input."""

from __future__ import annotations

import contextlib
import json
import logging
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from facestream.structures import Progress, Summary

__all__ = ["Reporter", "describe_paths", "print_error", "print_result", "printable"]

SECONDS_BETWEEN_LINES = 10.0

TURNS = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
"""Bidirectional classes of characters that can make one name look like another."""


def print_error(text: str) -> None:
    """Print one line on stderr, ignoring failures."""
    with contextlib.suppress(OSError):
        click.echo(printable(f"facestream: {text}"), err=True)


def print_result(text: str) -> None:
    """Print one line on stdout. A closed pipe is not an error, because the outputs matter more."""
    try:
        click.echo(printable(text))
    except BrokenPipeError:
        sys.stdout = None
    except OSError as error:
        print_error(f"error: the result cannot be printed ({error.strerror or error})")


def printable(text: str) -> str:
    """Escape control characters, which file names and headers may contain, so that text is safe for a terminal."""
    shown = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(c.encode("unicode_escape").decode() if _is_control(c) else c for c in shown)


def _is_control(character: str) -> bool:
    """Whether it is a control character, a line or paragraph break, or changes the writing direction."""
    return unicodedata.category(character) in ("Cc", "Zl", "Zp") or unicodedata.bidirectional(character) in TURNS


class Reporter:
    """Progress and messages on stderr, results on stdout."""

    def __init__(self, *, as_json: bool, quiet: bool) -> None:
        self._as_json = as_json
        self._quiet = quiet
        self._handler = _WarningHandler()

    def __enter__(self) -> Reporter:
        logging.getLogger("facestream").addHandler(self._handler)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        logging.getLogger("facestream").removeHandler(self._handler)

    @contextlib.contextmanager
    def job(self, source: Path) -> Iterator[Callable[[Progress], None] | None]:
        """Show the progress of one input while its job runs."""
        if self._quiet:
            yield None
        elif sys.stderr is not None and sys.stderr.isatty():
            with _progress_bar(source) as on_progress:
                yield on_progress
        else:
            yield _line_writer(source)

    def done(self, summary: Summary) -> None:
        if self._as_json:
            print_result(json.dumps(_summary_line(summary)))
        elif not self._quiet:
            print_result(_summary_text(summary))
            for line in _stage_lines(summary):
                print_result(line)

    def skipped(self, source: Path, outputs: Sequence[Path]) -> None:
        if self._as_json:
            print_result(json.dumps({"input": str(source), "outputs": [str(p) for p in outputs], "skipped": True}))
        elif not self._quiet:
            print_result(f"{source}: skipped, its outputs exist ({describe_paths(outputs)})")

    def failed(self, source: Path | str, error: Exception) -> None:
        print_error(f"error: {error}")
        if self._as_json:
            print_result(json.dumps({"input": str(source), "outputs": [], "complete": False, "error": str(error)}))

    def note(self, text: str) -> None:
        print_error(text)


class _WarningHandler(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        print_error(f"{record.levelname.lower()}: {record.getMessage()}")


@contextlib.contextmanager
def _progress_bar(source: Path) -> Iterator[Callable[[Progress], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[fps]:.0f} frames/s"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(source.name, total=None, fps=0.0)

        def on_progress(progress: Progress) -> None:
            # A header may declare fewer frames than the file has.
            expected = progress.num_frames_expected
            total = max(expected, progress.num_frames) if expected else None
            bar.update(task, completed=progress.num_frames, total=total, fps=progress.fps)

        yield on_progress


def _line_writer(source: Path) -> Callable[[Progress], None]:
    last = time.monotonic()

    def on_progress(progress: Progress) -> None:
        nonlocal last
        if time.monotonic() - last >= SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            print_error(f"{source}: {progress}")

    return on_progress


def _summary_text(summary: Summary) -> str:
    """Return the result as one line for people."""
    count = "1 frame" if summary.num_frames == 1 else f"{summary.num_frames} frames"
    state = "" if summary.complete else " (incomplete)"
    faces = f"{summary.num_frames_with_face} with a face"
    for face, number in enumerate(summary.num_frames_by_face[1:], start=2):
        faces += f", {number} with a face {face}"
    speed = f" ({summary.fps:.0f} frames/s)" if summary.num_frames > 1 else ""
    rows = f", {summary.num_rows} rows" if summary.num_rows != summary.num_frames else ""
    outputs = describe_paths(summary.outputs)
    return f"{summary.input}: {count}{state}, {faces}{rows}, {summary.seconds:.1f} s{speed} -> {outputs}"


def _stage_lines(summary: Summary) -> Iterator[str]:
    """Yield a table for people: the time of each stage, and its frame rate if it ran alone."""
    for stage in summary.stages:
        share = stage.seconds / summary.seconds * 100 if summary.seconds > 0 else 0.0
        fps = f"{summary.num_frames / stage.seconds:10.0f} frames/s" if stage.seconds > 0 else ""
        yield f"  {stage.name:18}{stage.seconds:9.2f} s{share:6.0f} % of the run{fps}"


def describe_paths(paths: Sequence[Path]) -> str:
    """List files for people, noting that a stream consists of two."""
    return ", ".join(f"{path} (and ~)" if path.suffix == ".stream" else str(path) for path in paths)


def _summary_line(summary: Summary) -> dict[str, Any]:
    return {
        "input": str(summary.input),
        "outputs": [str(path) for path in summary.outputs],
        "frames": summary.num_frames,
        "rows": summary.num_rows,
        "frames_with_face": summary.num_frames_with_face,
        "frames_by_face": list(summary.num_frames_by_face),
        "complete": summary.complete,
        "reason": summary.reason,
        "seconds": round(summary.seconds, 4),
        "total_seconds": round(summary.total_seconds, 4),
        "fps": round(summary.fps, 2),
        "device": summary.device,
        "engine": summary.engine,
        "precision": summary.precision,
        "warnings": list(summary.warnings),
        **({"stages": {stage.name: round(stage.seconds, 4) for stage in summary.stages}} if summary.stages else {}),
    }
