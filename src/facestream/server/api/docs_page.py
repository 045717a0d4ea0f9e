"""The HTML page that describes the API, made from its OpenAPI document. It needs no script and no other server."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any

__all__ = ["PAGE_HEADERS", "format_api_page", "kind_of"]

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 0 auto; padding: 1rem; }
h2 { margin-top: 2.5rem; border-top: 1px solid #8888; padding-top: 1rem; }
code, pre { font: 0.95em ui-monospace, monospace; }
pre { overflow-x: auto; padding: 0.75rem; background: #8882; border-radius: 0.3rem; }
table { border-collapse: collapse; }
th, td { text-align: left; vertical-align: top; padding: 0.2rem 1.5rem 0.2rem 0; }
""".strip()

_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
PAGE_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_DIGEST}'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}


def format_api_page(document: Mapping[str, Any]) -> str:
    """Return the page of an OpenAPI document as HTML."""
    title = escape(f"{document['info']['title']} {document['info']['version']}")
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title}: API</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}: API</h1>",
            '<p>The same as a document for programs: <a href="openapi.json">openapi.json</a>.</p>',
            *_operations(document),
            "<h2>Objects</h2>",
            *_objects(document["components"]["schemas"]),
            "</body>\n</html>\n",
        ]
    )


def _operations(document: Mapping[str, Any]) -> Iterator[str]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f'<h2 id="{escape(operation["operationId"])}"><code>{method.upper()} {escape(path)}</code></h2>'
            yield f"<p>{escape(operation.get('description', ''))}</p>"
            body = operation.get("requestBody", {}).get("content", {})
            rows = [
                (
                    parameter["name"],
                    f"in the {parameter['in']}",
                    kind_of(parameter["schema"]),
                    parameter.get("description", ""),
                )
                for parameter in operation.get("parameters", [])
            ]
            rows += [
                ("body", media_type, kind_of(content.get("schema", {})), "") for media_type, content in body.items()
            ]
            yield from _table(rows)
            yield from _table(
                (status, answer["description"], " or ".join(map(_content, answer.get("content", {}).items())))
                for status, answer in operation["responses"].items()
            )


def _objects(schemas: Mapping[str, Any]) -> Iterator[str]:
    for name, schema in schemas.items():
        yield f'<h3 id="{escape(name)}">{escape(name)}</h3>\n<p>{escape(schema.get("description", ""))}</p>'
        needed = schema.get("required", [])
        yield from _table(
            (field, kind_of(value), "" if field in needed else "may be left out", value.get("description", ""))
            for field, value in schema.get("properties", {}).items()
        )


def _content(content: tuple[str, Mapping[str, Any]]) -> str:
    media_type, details = content
    kind = kind_of(details.get("schema", {}))
    return f"{media_type}: {kind}" if kind else media_type


def kind_of(schema: Mapping[str, Any]) -> str:
    """Return what a value of a schema is, in a word or two."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(filter(None, map(kind_of, schema["anyOf"])))
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"list of {kind_of(schema['items'])}"
    inner = schema.get("additionalProperties")
    if isinstance(inner, Mapping) and inner:
        return f"object of {kind_of(inner)}"
    return str(schema.get("const") or schema.get("type", ""))


def _table(rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    lines = ["<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows]
    if lines:
        yield "<table>\n" + "\n".join(lines) + "\n</table>"
