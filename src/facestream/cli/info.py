"""``facestream info``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from facestream.cli.report import print_error, print_result
from facestream.errors import FacestreamError

__all__ = ["info"]

NAME_WIDTH = 12


@click.command(short_help="Describe a file that facestream reads or writes.")
@click.argument("paths", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path, readable=False))
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON per file.")
def info(paths: tuple[Path, ...], as_json: bool) -> int:
    """Describe a file: a stream, an archive (.npz), a table (.csv), a video, a picture, a trainer, a batch list or
    weights. For the output folder of a batch, show its progress.

    For face streams, value ranges cover only the rows with a face.
    """
    from facestream.inspection import inspect

    num_failed = 0
    for number, path in enumerate(paths):
        try:
            description = inspect(path)
            lines = [json.dumps(description.as_json())] if as_json else _lines(description.facts())
        except FacestreamError as error:
            print_error(f"error: {error}")
            num_failed += 1
            continue
        if number and not as_json:
            print_result("")
        for line in lines:
            print_result(line)
    return 1 if num_failed else 0


def _lines(facts: list[tuple[str, str]]) -> list[str]:
    return [f"{name:<{NAME_WIDTH}} {value}" for name, value in facts]
