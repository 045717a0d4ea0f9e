"""``facestream convert``."""

from __future__ import annotations

from pathlib import Path

import click

from facestream.cli.report import Reporter, describe_paths, print_result

__all__ = ["convert"]


@click.command(short_help="Turn .stream, .npz and .csv into each other.")
@click.argument("source", metavar="FROM", type=click.Path(path_type=Path, readable=False))
@click.argument("target", metavar="TO", type=click.Path(path_type=Path, readable=False))
@click.option("--quiet", is_flag=True, help="Warnings and errors only.")
def convert(source: Path, target: Path, quiet: bool) -> int:
    """Write a .stream, .npz or .csv as another of these; their endings say which.

    Any stream becomes an archive or table and comes back with the same bytes; the archives and tables of mesh and
    detect become each other without loss, and the streams that those commands would have written.
    """
    from facestream.use_cases.conversion import convert as convert_file

    with Reporter(as_json=False, quiet=quiet):
        paths = convert_file(source, target)
    if not quiet:
        print_result(f"{source} -> {describe_paths(paths)}")
    return 0
