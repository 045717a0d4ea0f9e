"""``facestream convert``."""

from __future__ import annotations

from pathlib import Path

import click

from facestream.cli.report import Reporter, describe_paths, print_result

__all__ = ["convert"]


@click.command(short_help="Convert between .stream, .npz and .csv.")
@click.argument("source", metavar="FROM", type=click.Path(path_type=Path, readable=False))
@click.argument("target", metavar="TO", type=click.Path(path_type=Path, readable=False))
@click.option("--quiet", is_flag=True, help="Show only warnings and errors.")
def convert(source: Path, target: Path, quiet: bool) -> int:
    """Convert a .stream, .npz or .csv file to another of these formats, as given by the file extensions.

    Any stream can be converted to an archive or table and back to the same bytes. The archives and tables of mesh and
    detect can be converted to each other without loss, and to the streams that those commands would have written.
    """
    from facestream.use_cases.conversion import convert as convert_file

    with Reporter(as_json=False, quiet=quiet):
        paths = convert_file(source, target)
    if not quiet:
        print_result(f"{source} -> {describe_paths(paths)}")
    return 0
