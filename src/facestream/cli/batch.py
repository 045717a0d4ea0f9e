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
@click.argument("words", metavar="SOURCE...", nargs=-1, type=click.Path(readable=False))
@click.option("-o", "--out", required=True, metavar="FOLDER", help="Where the results go; it is made.")
@add_options(BatchOptions)
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON at the end.")
@click.option("--quiet", is_flag=True, help="No progress; failures and errors only.")
@add_options(MeshOptions, without=("boxes", "profile"))
def batch(words: tuple[str, ...], out: str, as_json: bool, quiet: bool, **values: Any) -> int:
    """Find the face meshes of many pictures and videos, and go on where an earlier run ended.

    A SOURCE is a folder, a pattern such as "clips/**/*.mp4", a text file of paths (.txt, .list), a table (.csv, .tsv,
    .parquet) with the column path and perhaps boxes, output and options, a picture or video itself, or an address that
    fsspec knows, such as s3://bucket/clips/. What is done, and whose options and input are unchanged, is passed over;
    so is what failed, unless --retry-failed is given. The results are those of "facestream mesh".
    """
    if isinstance(values["overlay"], str):
        if values["overlay"]:
            raise click.UsageError(f"--overlay {values['overlay']} names one file; write --overlay last, without FILE")
        values["overlay"] = True
    if isinstance(values["ray"], str):
        _check_address(values["ray"])
    if not words:
        raise click.UsageError("there is no SOURCE: name at least one folder, table, picture or video")
    # An option that may stand alone is no value where it is absent.
    values["ray"] = False if values["ray"] is None else values["ray"]
    settings = BatchOptions(**{name: values.pop(name) for name in options_of(BatchOptions)})
    options = MeshOptions(**{name: value for name, value in values.items() if value is not None})
    from facestream.batch.running import run_batch

    with open_report(out, settings, quiet=quiet) as report:
        summary = run_batch(words, out, options, settings, report)
    for failure in summary.plan.failures:
        print_error(f"error: {failure.message}")
    if as_json:
        print_result(json.dumps(report.result_line(summary)))
    else:
        for line in report.result_lines(summary):
            print_result(line)
    return 0 if summary.is_whole else 1


def _check_address(address: str) -> None:
    """--ray takes the word behind it; that one may have been a source."""
    host, colon, port = address.rpartition("://")[2].rpartition(":")
    if address and address not in ("auto", "local") and not (host and colon and port.isdigit()):
        raise click.UsageError(f"--ray took {address!r}, which is no HOST:PORT; write --ray last, or --ray=HOST:PORT")
