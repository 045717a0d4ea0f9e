"""Serve the files of the web page, which load nothing from anywhere else."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

__all__ = ["page_routes"]

MEDIA_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; "
        "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # Browsers revalidate each time, so that page and server are of the same version.
    "Cache-Control": "no-cache",
}


def page_routes() -> list[Route]:
    """Return the routes of ``/`` and the files that it refers to."""
    return [Route("/", _index, methods=["GET"]), Route("/page/{name}", _file, methods=["GET"])]


async def _index(_: Request) -> Response:
    return _answer("index.html")


async def _file(request: Request) -> Response:
    return _answer(request.path_params["name"])


def _answer(name: str) -> Response:
    folder = Path(str(resources.files("facestream.server") / "page"))
    known = {path.name: path for path in folder.iterdir() if path.suffix in MEDIA_TYPES}
    if name not in known:
        return PlainTextResponse("there is no such file\n", 404)
    return FileResponse(known[name], media_type=MEDIA_TYPES[known[name].suffix], headers=HEADERS)
