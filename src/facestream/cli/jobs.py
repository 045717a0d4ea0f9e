"""What the commands of the jobs share: their arguments, and the run over many inputs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from facestream.cli.report import Reporter, print_error
from facestream.config import FORMATS, JobOptions
from facestream.errors import FacestreamError

if TYPE_CHECKING:
    from facestream.inputs import Input
    from facestream.outputs import OutputPlan
    from facestream.structures import Progress, Summary

__all__ = ["JobRunner", "add_job_arguments", "find_sources", "overlay_option", "run_jobs"]

_log = logging.getLogger(__name__)

Command = TypeVar("Command", bound=Callable[..., Any])

JobRunner = Callable[["OutputPlan", "Callable[[Progress], None] | None"], "Summary"]
"""Runs the job of one plan; the networks are loaded at the first."""


def add_job_arguments(command: Command) -> Command:
    """INPUT... and the options that are not those of the job itself."""
    decorators = (
        click.argument("words", metavar="INPUT...", nargs=-1, type=click.Path(readable=False)),
        click.option(
            "-o",
            "--output",
            metavar="PATH",
            type=click.Path(path_type=Path, readable=False),
            help="A file where it ends in .stream, .npz or .csv and there is one INPUT, else a folder that exists, "
            "below which a folder's own structure is kept; beside each INPUT when left out.",
        ),
        click.option(
            "--skip-existing",
            is_flag=True,
            help="Pass over inputs whose outputs are all there, complete and not older; options are not compared.",
        ),
        click.option("--json", "as_json", is_flag=True, help="Print one line of JSON an input."),
        click.option("--quiet", is_flag=True, help="No progress; warnings and errors only."),
    )
    for decorate in reversed(decorators):
        command = decorate(command)
    return command


def overlay_option(value: str | None) -> bool | Path:
    """``--overlay`` alone is a flag, with a file it names it."""
    return False if value is None else Path(value) if value else True


def find_sources(words: Sequence[str], output: Path | None, overlay: str | None) -> list[Input]:
    """The inputs, if they go together with what one file was named for."""
    from facestream.inputs import OVERLAY_MARK, find_inputs

    if not words:
        taken = f" (--overlay took {overlay}; write --overlay last, or --overlay=FILE)" if overlay else ""
        raise click.UsageError(f"there is no INPUT: name at least one picture or video{taken}")
    inputs = find_inputs(words)
    paths = {str(item.path) for item in inputs}
    for word in words:
        if OVERLAY_MARK in Path(word).name and str(Path(word)) not in paths:
            print_error(f"{word}: an overlay, passed over")
    count = f"but there are {len(inputs)} inputs" if len(inputs) > 1 else "but the input is a folder or pattern"
    if _are_many(inputs) and overlay:
        raise click.UsageError(f"--overlay {overlay} names one file, {count}; leave FILE out")
    if _are_many(inputs) and output and output.suffix.lower().removeprefix(".") in FORMATS and not output.is_dir():
        raise click.UsageError(f"-o {output} names one file, {count}; name a folder")
    return inputs


def run_jobs(
    inputs: Sequence[Input],
    output: Path | None,
    options: JobOptions,
    run: JobRunner,
    reporter: Reporter,
    *,
    skip_existing: bool,
) -> int:
    """All inputs, one after the other; a failure does not stop the others. The answer is the exit code."""
    from facestream.io.staging import check_folder
    from facestream.outputs import check_distinct, plan_outputs

    if output is not None and (_are_many(inputs) or output.is_dir()):
        check_folder(output)
    plans = [
        plan_outputs(
            item.path,
            output / item.subfolder if output is not None and not item.is_named else output,
            options,
            target_is_folder=_are_many(inputs),
        )
        for item in inputs
    ]
    check_distinct(plans)
    num_failed = 0
    for item, plan in zip(inputs, plans, strict=True):
        if skip_existing:
            plan.settle()
            if plan.is_done():
                reporter.skipped(plan.source, plan.paths)
                continue
        try:
            if output is not None and not item.is_named:
                _make_subfolder(output, item.subfolder)
            with reporter.job(plan.source) as on_progress:
                summary = run(plan, on_progress)
            reporter.done(summary)
            num_failed += not summary.complete
        except FacestreamError as error:
            reporter.failed(plan.source, error)
            num_failed += 1
        except Exception as error:
            # A fault of ours must not cost the other inputs their turn.
            _log.debug("%s", plan.source, exc_info=True)
            fault = f"{plan.source}: facestream itself failed ({type(error).__name__}: {error}); please report it"
            reporter.failed(plan.source, FacestreamError(fault))
            num_failed += 1
    if num_failed and len(plans) > 1:
        reporter.note(f"{num_failed} of {len(plans)} inputs failed")
    return 1 if num_failed else 0


def _are_many(inputs: Sequence[Input]) -> bool:
    return len(inputs) > 1 or not all(item.is_named for item in inputs)


def _make_subfolder(output: Path, subfolder: Path) -> None:
    from facestream.errors import OutputError

    try:
        (output / subfolder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{output / subfolder}: the folder cannot be made ({error.strerror or error})") from error
