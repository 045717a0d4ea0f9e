"""The reports of a batch: a live table on a terminal, lines of text elsewhere, and a complete log file."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TextIO

from facestream.cli.batch_progress import BatchProgress
from facestream.cli.report import print_error, printable

if TYPE_CHECKING:
    from rich.live import Live

    from facestream.batch.journal import Entry, Journal, State
    from facestream.batch.plan import Plan
    from facestream.batch.running import BatchSummary
    from facestream.batch.settings import BatchOptions
    from facestream.batch.workers.tasks import Outcome

__all__ = ["BatchReport", "open_report"]

LOG_NAME = "log.txt"
LINES_EVERY_S = 10.0
PLANNING_EVERY_ITEMS = 10_000
NUM_LISTED = 10
"""How many items of a dry run are listed."""


@contextmanager
def open_report(out: str, settings: BatchOptions, *, quiet: bool) -> Iterator[BatchReport]:
    """Open a report on standard error, which may be a terminal."""
    report = BatchReport(out, is_dry=settings.dry_run, quiet=quiet)
    handler = _LogHandler(report)
    logger = logging.getLogger("facestream")
    logger.addHandler(handler)
    try:
        yield report
    finally:
        logger.removeHandler(handler)
        report.close()


class BatchReport:
    """Receives all events of a batch and prints what users need to know."""

    def __init__(self, out: str, *, is_dry: bool, quiet: bool) -> None:
        self._progress = BatchProgress(out)
        self._is_dry = is_dry
        self._quiet = quiet
        self._is_terminal = sys.stderr is not None and sys.stderr.isatty()
        self._live: Live | None = None
        self._log_file: TextIO | None = None
        self._reported_s = time.monotonic()
        self._num_warned = 0
        """Number of items that are done, but with warnings."""

    def close(self) -> None:
        if self._live is not None:
            self._live.stop()
        if self._log_file is not None:
            self._log_file.close()

    def planning(self, num_items: int) -> None:
        if num_items % PLANNING_EVERY_ITEMS == 0:
            self._say(f"planning: {num_items} items")

    def planned(self, plan: Plan, journal: Journal, out: str) -> None:
        from facestream.batch.journal import State

        if self._is_dry:
            self._say(f"{_plan_text(plan)}; dry run, nothing was processed")
            for number, entry in enumerate(journal.entries(State.WAITING)):
                if number == NUM_LISTED:
                    self._say(f"... and {plan.num_to_do - NUM_LISTED} more")
                    break
                self._say(f"would process {entry.source}")
            return
        with suppress(OSError):
            self._log_file = (journal.path.parent / LOG_NAME).open("a", encoding="utf-8", errors="backslashreplace")
        self._log(f"run started, output folder {out}")
        self._say(_plan_text(plan))
        for entry in journal.entries(State.PARTIAL, State.FAILED):
            self._log(f"{entry.source}: skipped, {entry.state.name.lower()}: {entry.error}")
        self._progress.begin(plan.num_to_do, plan.num_done + plan.num_failed, journal.sum_sizes(State.WAITING))

    def working(self, description: str, num_workers: int) -> None:
        self._say(f"{num_workers} {'worker' if num_workers == 1 else 'workers'}: {description}")
        if self._is_terminal and not self._quiet:
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(stderr=True), get_renderable=self._progress.table, refresh_per_second=4)
            self._live.start()

    def began(self, entry: Entry) -> None:
        self._log(f"{entry.source}: started")

    def progressed(self, worker: str, entry: Entry, frames: int, share: float) -> None:
        self._progress.progressed(worker, entry.source, frames, share * entry.size)

    def rested(self, worker: str, entry: Entry, frames: int, share: float) -> None:
        self._progress.rested(worker, entry.number, frames, share * entry.size)

    def ended(self, entry: Entry, state: State, outcome: Outcome) -> None:
        from facestream.batch.journal import State

        self._progress.num_done += state is State.DONE
        self._progress.num_partial += state is State.PARTIAL
        self._progress.num_failed += state is State.FAILED
        self._progress.item_ended(entry.number, entry.size)
        for warning in outcome.warnings:
            self._log(f"{entry.source}: {warning}")
        self._num_warned += state is State.DONE and bool(outcome.warnings)
        if state is State.FAILED:
            self._say_error(f"failed: {outcome.error}")
            return
        self._log(f"{entry.source}: {state.name.lower()}, {outcome.frames} frames in {outcome.seconds:.2f} s")
        if state is State.PARTIAL:
            self._say_error(f"partial: {entry.source}: {outcome.error}; the results hold everything up to there")

    def noted(self, source: str, text: str) -> None:
        self._log(f"{source}: {text}")

    def waited(self) -> None:
        self._progress.sample()
        now = time.monotonic()
        if self._live is None and now - self._reported_s >= LINES_EVERY_S:
            self._reported_s = now
            self._say(self._progress.line())

    def warn(self, text: str) -> None:
        """Report a logged warning."""
        self._say_error(text)

    def result_lines(self, summary: BatchSummary) -> Iterator[str]:
        """Return the lines printed at the end."""
        if self._is_dry:
            return
        plan = summary.plan
        counts = [f"{summary.num_done} done"]
        if plan.num_done:
            counts[0] += f" ({plan.num_done} before)"
        if summary.num_failed:
            counts.append(f"{summary.num_failed} failed")
        if summary.num_partial:
            counts.append(f"{summary.num_partial} partial")
        if plan.num_left_out:
            counts.append(f"{plan.num_left_out} beyond the limit")
        frames, seconds = self._progress.num_frames, self._progress.seconds
        speed = f"; {frames} frames in {seconds:.1f} s ({frames / seconds:.0f} frames/s)" if frames else ""
        yield f"{', '.join(counts)}{speed}"
        if self._num_warned:
            count = "1 of these has warnings" if self._num_warned == 1 else f"{self._num_warned} of these have warnings"
            yield f"{count}: {summary.state / LOG_NAME}"
        if summary.failures is not None:
            yield f"failures: {summary.failures}; use --retry-failed to process them again"

    def result_line(self, summary: BatchSummary) -> dict[str, Any]:
        """Return the final result as JSON, for programs."""
        plan = summary.plan
        return {
            "done": summary.num_done,
            "failed": summary.num_failed,
            "partial": summary.num_partial,
            "new": plan.num_new,
            "interrupted": plan.num_interrupted,
            "changed": plan.num_changed,
            "missing": plan.num_missing,
            "retried": plan.num_retried,
            "passed_over_done": plan.num_done,
            "passed_over_failed": plan.num_failed,
            "left_out": plan.num_left_out,
            "to_do": plan.num_to_do,
            "frames": self._progress.num_frames,
            "seconds": round(self._progress.seconds, 3),
            "total_seconds": round(summary.seconds, 3),
            "failures": str(summary.failures) if summary.failures else None,
        }

    def _say(self, text: str) -> None:
        if not self._quiet:
            self._say_error(text)

    def _say_error(self, text: str) -> None:
        if self._live is not None:
            self._live.console.print(printable(f"facestream: {text}"), markup=False, highlight=False)
        else:
            print_error(text)
        if text:
            self._log(text)

    def _log(self, text: str) -> None:
        if self._log_file is not None:
            # A full disk must not stop work that can still be done.
            with suppress(OSError):
                self._log_file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {printable(text)}\n")
                self._log_file.flush()


class _LogHandler(logging.Handler):
    def __init__(self, report: BatchReport) -> None:
        super().__init__(logging.WARNING)
        self._report = report

    def emit(self, record: logging.LogRecord) -> None:
        self._report.warn(f"{record.levelname.lower()}: {record.getMessage()}")


def _plan_text(plan: Plan) -> str:
    """Return the number of items of each kind as text."""
    kinds = {
        "new": plan.num_new,
        "left from an earlier run": plan.num_interrupted,
        "changed": plan.num_changed,
        "with missing results": plan.num_missing,
        "to be retried": plan.num_retried,
    }
    details = ", ".join(f"{count} {kind}" for kind, count in kinds.items() if count)
    text = f"{plan.num_items} items: {plan.num_to_do} to do" + (f" ({details})" if details else "")
    if plan.num_left_out:
        text += f", {plan.num_left_out} beyond the limit"
    if plan.num_done:
        text += f", {plan.num_done} already done"
    if plan.num_failed:
        text += f", {plan.num_failed} failed before and not retried"
    return text
