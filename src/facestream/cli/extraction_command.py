"""What the job commands share: their arguments, and running one job over many inputs."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from facestream.cli.report import Reporter, print_error
from facestream.config import JobOptions
from facestream.errors import FacestreamError, SourceError
from facestream.formats.catalog import find_format

if TYPE_CHECKING:
    from facestream.structures import Summary
    from facestream.use_cases.inputs import Failure, Input
    from facestream.use_cases.outputs.plan import OutputPlan

__all__ = ["Sources", "add_job_arguments", "find_sources", "overlay_option", "run_jobs"]

_log = logging.getLogger(__name__)

Command = TypeVar("Command", bound=Callable[..., Any])
Options = TypeVar("Options", bound=JobOptions)


@dataclass(frozen=True, slots=True)
class Sources:
    """The inputs that the command-line arguments refer to."""

    inputs: Sequence[Input]
    failures: Sequence[Failure]

    @property
    def are_many(self) -> bool:
        """Whether there is more than one input, or could be, as with a folder or pattern."""
        return len(self.inputs) + len(self.failures) > 1 or not all(item.is_named for item in self.inputs)


def add_job_arguments(command: Command) -> Command:
    """Add INPUT... and the options that are not part of the job itself."""
    decorators = (
        click.argument("arguments", metavar="INPUT...", nargs=-1, type=click.Path(readable=False)),
        click.option(
            "-o",
            "--output",
            metavar="PATH",
            type=click.Path(path_type=Path, readable=False),
            help="A file if it ends in .stream, .npz or .csv and there is one INPUT, otherwise an existing folder, in "
            "which the structure of input folders is kept. By default, outputs go next to each INPUT.",
        ),
        click.option(
            "--skip-existing",
            is_flag=True,
            help="Skip inputs whose outputs all exist, are complete and not older; options are not compared.",
        ),
        click.option("--json", "as_json", is_flag=True, help="Print one line of JSON per input."),
        click.option("--quiet", is_flag=True, help="Show no progress, only warnings and errors."),
    )
    for decorate in reversed(decorators):
        command = decorate(command)
    return command


def overlay_option(value: str | None) -> bool | Path:
    """Convert the value of ``--overlay``, which is empty if no file was given."""
    return False if value is None else Path(value) if value else True


def find_sources(
    arguments: Sequence[str], output: Path | None, overlay: str | None, *, are_sequences: bool = False
) -> Sources:
    """Find the inputs, and check that options naming a single file are given for a single input."""
    from facestream.storage.staging import is_folder
    from facestream.use_cases.inputs import OVERLAY_MARK, find_inputs

    if not arguments:
        taken = f" (--overlay took {overlay}; put --overlay last, or write --overlay=FILE)" if overlay else ""
        raise click.UsageError(f"no INPUT given: name at least one picture or video{taken}")
    sources = Sources(*find_inputs(arguments, are_sequences=are_sequences))
    paths = {str(item.path) for item in sources.inputs}
    for argument in arguments:
        if OVERLAY_MARK in Path(argument).name and str(Path(argument)) not in paths:
            print_error(f"{argument}: skipped, because it is an overlay")
    num_inputs = len(sources.inputs)
    count = f"but there are {num_inputs} inputs" if num_inputs > 1 else "but the input is a folder or pattern"
    if sources.are_many and overlay:
        raise click.UsageError(f"--overlay {overlay} names one file, {count}; omit FILE")
    names_file = output is not None and find_format(output) is not None and not is_folder(output)
    if sources.are_many and names_file:
        raise click.UsageError(f"-o {output} names one file, {count}; name a folder")
    return sources


def run_jobs(
    sources: Sources,
    output: Path | None,
    options: Options,
    open_pipeline: Callable[[Options], Any],
    run: Callable[..., Summary],
    *,
    reporter: Reporter,
    skip_existing: bool,
) -> int:
    """Run the job on all inputs, one after the other; a failure does not stop the others.

    Args:
        sources: The inputs.
        output: A file or folder, if one was named.
        options: The options of the job.
        open_pipeline: Loads the networks; called for the first input that needs them.
        run: The job, such as ``facestream.extract``.
        reporter: Receives all progress and results.
        skip_existing: Whether to skip inputs whose outputs exist.

    Returns:
        The exit code.
    """
    for failure in sources.failures:
        reporter.failed(failure.place, SourceError(failure.message))
    plans = _plan(sources, output, options)
    pipeline = functools.cache(lambda: open_pipeline(options))
    num_failed = len(sources.failures)
    for item, plan in zip(sources.inputs, plans, strict=True):
        if skip_existing:
            plan.settle()
            if plan.is_done():
                reporter.skipped(plan.source, plan.paths)
                continue
        try:
            if output is not None and not item.is_named:
                _make_subfolder(output, item.subfolder)
            with reporter.job(plan.source) as on_progress:
                summary = run(plan.source, plan, options, pipeline=pipeline, on_progress=on_progress)
            reporter.done(summary)
            num_failed += not summary.complete
        except FacestreamError as error:
            reporter.failed(plan.source, error)
            num_failed += 1
        except Exception as error:
            # A bug in facestream must not keep the other inputs from being processed.
            _log.debug("%s", plan.source, exc_info=True)
            fault = f"{plan.source}: facestream itself failed ({type(error).__name__}: {error}); please report it"
            reporter.failed(plan.source, FacestreamError(fault))
            num_failed += 1
    num_inputs = len(plans) + len(sources.failures)
    if num_failed and num_inputs > 1:
        reporter.note(f"{num_failed} of {num_inputs} inputs failed")
    return 1 if num_failed else 0


def _plan(sources: Sources, output: Path | None, options: JobOptions) -> list[OutputPlan]:
    """Plan the outputs of every input, and check that they do not overwrite each other."""
    from facestream.storage.staging import check_folder, is_folder
    from facestream.use_cases.outputs.plan import check_distinct, plan_outputs

    if output is not None and (sources.are_many or is_folder(output)):
        check_folder(output)
    plans = [
        plan_outputs(
            item.path,
            output / item.subfolder if output is not None and not item.is_named else output,
            options,
            target_is_folder=sources.are_many,
        )
        for item in sources.inputs
    ]
    check_distinct(plans)
    return plans


def _make_subfolder(output: Path, subfolder: Path) -> None:
    from facestream.errors import OutputError

    try:
        (output / subfolder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{output / subfolder}: the folder cannot be created ({error.strerror or error})") from error
