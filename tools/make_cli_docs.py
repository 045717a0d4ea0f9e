#!/usr/bin/env python3
"""Generate ``docs/cli.md`` from the commands, and the tables of options in ``docs/python.md``.

    python tools/make_cli_docs.py [--check]

With ``--check``, nothing is written, and the exit status is 1 if the page is out of date.
"""

from __future__ import annotations

import dataclasses
import inspect
import sys
from pathlib import Path

import click

from facestream.cli import facestream
from facestream.config import DetectOptions, JobOptions, MeshOptions, options_of

DOCS = Path(__file__).parents[1] / "docs"


def describe(name: str, command: click.Command) -> str:
    """Return the section of a command: usage, help and a table of its options."""
    context = click.Context(command, info_name=f"facestream {name}")
    usage = " ".join(command.collect_usage_pieces(context))
    lines = [
        f"## facestream {name}",
        "",
        "```text",
        f"facestream {name} {usage}",
        "```",
        "",
        inspect.cleandoc(command.help or ""),
        "",
    ]
    lines += ["| option | default | environment | meaning |", "|---|---|---|---|"]
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            lines.append(describe_option(parameter, context))
    return "\n".join(lines)


def describe_option(option: click.Option, context: click.Context) -> str:
    """Return one row of the table."""
    value = "" if option.is_flag else f" {option.make_metavar(context)}"
    default = "" if option.default in (None, ()) or not option.show_default else f"`{option.default}`"
    if option.secondary_opts:
        default = f"`{option.opts[0] if option.default else option.secondary_opts[0]}`"
    names = [option.envvar] if isinstance(option.envvar, str) else option.envvar or []
    environment = ", ".join(f"`{name}`" for name in names)
    flags = ", ".join(f"`{flag}{value}`" for flag in [*option.opts, *option.secondary_opts])
    meaning = (option.help or "").replace("|", "\\|")
    return f"| {flags.replace('|', chr(92) + '|')} | {default} | {environment} | {meaning} |"


def page() -> str:
    """Return the whole page."""
    sections = [describe(name, command) for name, command in facestream.commands.items()]
    intro = (
        "# Command line\n\nOptions on the command line override environment variables, which override the defaults. "
        "Exit codes: 0 on success, 1 if an input or output failed or a source ended early, 2 for an invalid command "
        "line, 130 after Ctrl-C. A file never appears under its final name before it is written completely.\n"
    )
    return "\n\n".join([intro.rstrip(), *sections]) + "\n"


def describe_fields(options_class: type[JobOptions]) -> str:
    """Return a table of the options as fields of their class in Python."""
    lines = ["| field | type | default | on the command line | meaning |", "|---|---|---|---|---|"]
    options = options_of(options_class)
    for field in dataclasses.fields(options_class):
        option = options[field.name]
        flag = option.flag or f"--{field.name.replace('_', '-')}"
        default = f"`{field.default!r}`".replace("'", '"')
        cells = (f"`{field.name}`", f"`{field.type}`", default, f"`{flag}`", option.help)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def fill_tables(text: str) -> str:
    """Return ``docs/python.md`` with its tables of options."""
    for options_class in (MeshOptions, DetectOptions):
        first, last = (f"<!-- {options_class.__name__}:{word} -->" for word in ("begin", "end"))
        before, begin, rest = text.partition(first)
        _, end, after = rest.partition(last)
        if not begin or not end:
            sys.exit(f"docs/python.md: the markers {first} and {last} are missing")
        text = f"{before}{first}\n{describe_fields(options_class)}\n{last}{after}"
    return text


def main() -> None:
    python = DOCS / "python.md"
    for path, text in ((DOCS / "cli.md", page()), (python, fill_tables(python.read_text("utf-8")))):
        if "--check" not in sys.argv[1:]:
            path.write_text(text, "utf-8")
        elif path.read_text("utf-8") != text:
            sys.exit(f"docs/{path.name} is out of date; run python tools/make_cli_docs.py")


if __name__ == "__main__":
    main()
