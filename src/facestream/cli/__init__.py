"""The command line: parse, call, print."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from facestream.cli.mesh import mesh
from facestream.errors import FacestreamError, OptionError
from facestream.version import __version__

__all__ = ["main"]

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="facestream")
def facestream() -> None:
    """Pictures and videos of faces in, 468-point face-mesh streams out."""


facestream.add_command(mesh)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the answer is the exit code."""
    try:
        result = facestream.main(arguments, prog_name="facestream", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return EXIT_USAGE
    except OptionError as error:
        click.echo(f"facestream: error: {error}", err=True)
        return EXIT_USAGE
    except FacestreamError as error:
        click.echo(f"facestream: error: {error}", err=True)
        return EXIT_FAILED
    except (click.Abort, KeyboardInterrupt):
        click.echo("facestream: interrupted; nothing half written was left", err=True)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return EXIT_FAILED
    return int(result or 0)
