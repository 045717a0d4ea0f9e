"""The application: routes, access control, and start and stop of the workers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Match, Route

from facestream.errors import RequestError
from facestream.server.api.docs_page import PAGE_HEADERS, format_api_page
from facestream.server.api.routes import add_api_routes
from facestream.server.discover.routes import discover_routes
from facestream.server.guard import Guard
from facestream.server.library.routes import add_library_routes
from facestream.server.live.cameras import LiveCameras
from facestream.server.page_routes import page_routes
from facestream.server.service import JobService
from facestream.version import __version__

__all__ = ["create_app"]


def create_app(service: JobService) -> FastAPI:
    """Create the application of a service, which it starts and closes."""

    cameras = LiveCameras(service.options)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(service.start)
        yield
        await cameras.close()
        await run_in_threadpool(service.close)

    app = FastAPI(
        title="facestream",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    add_api_routes(app, service)
    add_library_routes(app, service)
    app.router.routes.extend([*page_routes(), *cameras.routes()])
    app.add_api_route("/api/v1/docs", lambda: _api_page(app), methods=["GET"], include_in_schema=False)
    app.router.routes.extend(discover_routes(service))
    app.add_exception_handler(RequestError, _bad_request)
    app.add_exception_handler(405, _wrong_method)
    app.add_middleware(Guard, options=service.options)
    return app


def _api_page(app: FastAPI) -> Response:
    return HTMLResponse(format_api_page(app.openapi()), headers=PAGE_HEADERS)


async def _wrong_method(request: Request, _: Exception) -> Response:
    """Return all methods of a path; each route knows only its own."""
    methods: set[str] = set()
    for route in request.app.routes:
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE:
            methods |= route.methods or set()
    return JSONResponse({"detail": "Method Not Allowed"}, 405, {"Allow": ", ".join(sorted(methods))})


async def _bad_request(_: Request, error: Exception) -> Response:
    return PlainTextResponse(f"{error}\n", 400)
