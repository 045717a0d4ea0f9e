"""``facestream discover-modules``."""

from __future__ import annotations

from pathlib import Path

import click

from facestream.cli.report import print_result

__all__ = ["discover_modules"]


@click.command("discover-modules", short_help="Write facestream's modules for your own DISCOVER server.")
@click.argument("folder", type=click.Path(path_type=Path, readable=False))
@click.option(
    "--wheel",
    metavar="PATH",
    type=click.Path(path_type=Path, readable=False),
    help="A facestream wheel for DISCOVER to install; by default, this version from the package index.",
)
def discover_modules(folder: Path, wheel: Path | None) -> int:
    """Write the module folders facemesh and blazeface into FOLDER, from which DISCOVER and du-process run them.

    FOLDER is DISCOVER's module folder (--cml_dir), where they replace the modules of the same names. Inputs, outputs
    and media types stay the same; facestream does the work.
    """
    from facestream.discover.module_folders import write_module_folders

    for path in write_module_folders(folder, wheel):
        print_result(str(path))
    return 0
