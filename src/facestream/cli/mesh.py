"""``facestream mesh``."""

from __future__ import annotations

import functools
import logging
from pathlib import Path
from typing import Any

import click

from facestream.cli.options import add_options
from facestream.cli.report import Reporter
from facestream.config import FORMATS, MeshOptions
from facestream.errors import FacestreamError

__all__ = ["mesh"]

_log = logging.getLogger(__name__)


@click.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, type=click.Path(path_type=Path, readable=False))
@click.option(
    "-o",
    "--output",
    metavar="PATH",
    type=click.Path(path_type=Path, readable=False),
    help="A file where it ends in .stream, .npz or .csv and there is one INPUT, else a folder that exists; "
    "beside each INPUT when left out.",
)
@add_options(MeshOptions)
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON an input.")
@click.option("--quiet", is_flag=True, help="No progress; warnings and errors only.")
def mesh(inputs: tuple[Path, ...], output: Path | None, as_json: bool, quiet: bool, **values: Any) -> int:
    """Find the face meshes of pictures and videos.

    For each INPUT a face-mesh stream is written: NAME.facemesh.stream, one row a frame, 468 y,x pairs as fractions of
    the frame and the confidence, which is 0 where there is no face.
    """
    overlay = values["overlay"]
    if not inputs:
        taken = f" (--overlay took {overlay}; write --overlay last, or --overlay=FILE)" if overlay else ""
        raise click.UsageError(f"there is no INPUT: name at least one picture or video{taken}")
    if overlay and len(inputs) > 1:
        raise click.UsageError(
            f"--overlay {overlay} names one file, but there are {len(inputs)} inputs; leave FILE out"
        )
    if output and len(inputs) > 1 and output.suffix.lower().removeprefix(".") in FORMATS and not output.is_dir():
        raise click.UsageError(f"-o {output} names one file, but there are {len(inputs)} inputs; name a folder")
    values["overlay"] = False if overlay is None else Path(overlay) if overlay else True
    options = MeshOptions(**values)
    with Reporter(as_json=as_json, quiet=quiet) as reporter:
        return _run(inputs, output, options, reporter)


def _run(inputs: tuple[Path, ...], output: Path | None, options: MeshOptions, reporter: Reporter) -> int:
    """All inputs, one after the other; a failure does not stop the others. The answer is the exit code."""
    from facestream.extraction import extract, open_pipeline
    from facestream.io.staging import check_folder
    from facestream.outputs import check_distinct, plan_outputs

    if output is not None and (len(inputs) > 1 or output.is_dir()):
        check_folder(output)
    plans = [plan_outputs(path, output, options, target_is_folder=len(inputs) > 1) for path in inputs]
    check_distinct(plans)
    pipeline = functools.cache(lambda: open_pipeline(options))
    num_failed = 0
    for plan in plans:
        try:
            with reporter.job(plan.source) as on_progress:
                summary = extract(plan.source, plan, options, pipeline=pipeline, on_progress=on_progress)
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
