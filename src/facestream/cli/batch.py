"""``facestream batch``."""

from __future__ import annotations

import json
from typing import Any

import click

from facestream.batch.settings import BatchOptions
from facestream.cli.batch_report import open_report
from facestream.cli.options import add_options
from facestream.cli.report import print_error, print_result
from facestream.config import MeshOptions, options_of

__all__ = ["batch"]


@click.command(short_help="Face meshes of thousands of videos, on this machine or a Ray cluster.")
@click.argument("sources", metavar="SOURCE...", nargs=-1, type=click.Path(readable=False))
@click.option("-o", "--out", required=True, metavar="FOLDER", help="Output folder; it is created if missing.")
@add_options(BatchOptions)
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON at the end.")
@click.option("--quiet", is_flag=True, help="Show no progress, only failures and errors.")
@add_options(MeshOptions, without=("boxes", "profile"))
def batch(sources: tuple[str, ...], out: str, as_json: bool, quiet: bool, **values: Any) -> int:
    """Find the face meshes of many pictures and videos, continuing where an earlier run stopped.

    A SOURCE is a folder, a pattern such as "clips/**/*.mp4", a text file of paths (.txt, .list), a table (.csv, .tsv,
    .parquet) with a column path and optional columns boxes, output and options, a single picture or video, or a URL
    that fsspec supports, such as s3://bucket/clips/. Items whose input and options are unchanged are skipped if they
    are done; so are those that failed, unless --retry-failed is given. The results are the same as those of
    "facestream mesh".
    """
    if isinstance(values["overlay"], str):
        if values["overlay"]:
            raise click.UsageError(f"--overlay {values['overlay']} names one file; put --overlay last, without FILE")
        values["overlay"] = True
    if isinstance(values["ray"], str):
        _check_address(values["ray"])
    if not sources:
        raise click.UsageError("no SOURCE given: name at least one folder, table, picture or video")
    # --ray has an optional value, so click passes None if it is absent.
    values["ray"] = False if values["ray"] is None else values["ray"]
    settings = BatchOptions(**{name: values.pop(name) for name in options_of(BatchOptions)})
    options = MeshOptions(**{name: value for name, value in values.items() if value is not None})
    from facestream.batch.running import run_batch

    with open_report(out, settings, quiet=quiet) as report:
        summary = run_batch(sources, out, options, settings, report)
    for failure in summary.plan.failures:
        print_error(f"error: {failure.message}")
    if as_json:
        print_result(json.dumps(report.result_line(summary)))
    else:
        for line in report.result_lines(summary):
            print_result(line)
    return 0 if summary.is_whole else 1


def _check_address(address: str) -> None:
    """Check the value of --ray, which may be a source that happened to follow it."""
    host, colon, port = address.rpartition("://")[2].rpartition(":")
    if address and address not in ("auto", "local") and not (host and colon and port.isdigit()):
        raise click.UsageError(
            f"--ray took {address!r}, which is not HOST:PORT; put --ray last, or write --ray=HOST:PORT"
        )
