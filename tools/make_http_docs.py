#!/usr/bin/env python3
"""Write ``docs/http.md`` from the OpenAPI document of the server.

    python tools/make_http_docs.py [--check]

With ``--check`` nothing is written: it ends with status 1 where the page is not that of the server.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from facestream.server.api.docs_page import kind_of
from facestream.server.app import create_app
from facestream.server.service import JobService
from facestream.server.settings import ServerOptions

TARGET = Path(__file__).parents[1] / "docs" / "http.md"

INTRO = """# HTTP API

The typed API of `facestream serve`, made from its OpenAPI document. A server shows the same at `/api/v1/docs`, and the
document itself at `/api/v1/openapi.json`. [The job server](server.md) shows a whole exchange, and describes the routes
of DISCOVER's clients and of live cameras.
"""


def page(document: Mapping[str, Any]) -> str:
    """Return the whole page."""
    lines = [INTRO, "## Requests", ""]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            lines += _operation(f"{method.upper()} {path}", operation)
    lines += ["## Objects", ""]
    for name, schema in document["components"]["schemas"].items():
        lines += _object(name, schema)
    return "\n".join(lines).rstrip() + "\n"


def _operation(title: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"### `{title}`", "", operation.get("description", ""), "")
    rows = [
        (f"`{parameter['name']}`", parameter["in"], kind_of(parameter["schema"]), parameter.get("description", ""))
        for parameter in operation.get("parameters", [])
    ]
    body = operation.get("requestBody", {}).get("content", {})
    rows += [("body", media_type, kind_of(content.get("schema", {})), "") for media_type, content in body.items()]
    yield from _table(("parameter", "in", "type", "meaning"), rows)
    answers = (
        (
            status,
            answer["description"],
            " or ".join(
                f"{media_type} {kind_of(details.get('schema', {}))}".strip()
                for media_type, details in answer.get("content", {}).items()
            ),
        )
        for status, answer in operation["responses"].items()
    )
    yield from _table(("status", "meaning", "content"), answers)


def _object(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"### {name}", "", schema.get("description", ""), "")
    needed = schema.get("required", [])
    rows = (
        (f"`{field}`", kind_of(value), "" if field in needed else "optional", value.get("description", ""))
        for field, value in schema.get("properties", {}).items()
    )
    yield from _table(("field", "type", "", "meaning"), rows)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    lines = ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
    if lines:
        yield from ("| " + " | ".join(head) + " |", "|---" * len(head) + "|", *lines, "")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        data.mkdir()
        options = ServerOptions(data_dirs=(data,), state_dir=Path(folder) / "state")
        text = page(create_app(JobService(options)).openapi())
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(text, "utf-8")
    elif TARGET.read_text("utf-8") != text:
        sys.exit("docs/http.md is not that of the server; run python tools/make_http_docs.py")


if __name__ == "__main__":
    main()
