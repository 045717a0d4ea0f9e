"""The file routes of the API: folders, media in ranges, streams and their curves, resumable uploads."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import FastAPI, HTTPException, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, Response

from facestream.discover.folders import JobFolders
from facestream.errors import FacestreamError, RequestError
from facestream.server.api.models import (
    CurvesView,
    FolderEntry,
    FolderView,
    NewUpload,
    PreviewView,
    StreamView,
    TopologyView,
    UploadView,
    VideoView,
)
from facestream.server.api.routes import ANY_FILE, PREFIX, PlainInt, Responses, answers_with, problem
from facestream.server.library.curves import read_curves
from facestream.server.library.files import MAX_ENTRIES, MEDIA_TYPES, Library
from facestream.server.library.uploads import Upload, Uploads
from facestream.server.service import JobService
from facestream.ssi.columns import CLOCK, CONSTANT_CLOCK
from facestream.ssi.header import FIRST_FRAME, read_header
from facestream.topology import CONTOURS, tessellation_edges

__all__ = ["add_library_routes"]

Answer = TypeVar("Answer")

Path = Annotated[str, Query(max_length=4000, description="Below the data folders, or the name of an upload.")]

SequenceRate = Annotated[
    float | None,
    Query(
        ge=0.001, le=10_000, description="Of numbered pictures, whose folder or pattern is the path: how many a second."
    ),
]

NOT_THERE = problem(404, "There is no such file, or it may not be read")
NOT_SO = problem(409, "The upload goes on elsewhere, or cannot be written")
SAFE = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}
"""Headers that keep a browser from running a file as a page."""


class LibraryRoutes:
    """The handlers of the file routes."""

    def __init__(self, service: JobService) -> None:
        self._library = Library(JobFolders(service.options.data_dirs, service.files.upload_folder))
        self._previews = service.previews

    def folder(self, path: Path | None = None) -> FolderView:
        """List the files and folders in a folder, or the data folders if none is named."""
        found = None if not path else _try(lambda: self._library.find_folder(path))
        entries = _try(lambda: self._library.entries(found))
        parent = None if found is None else self._library.parent(found)
        return FolderView(
            path=None if found is None else str(found),
            parent=None if parent is None else str(parent),
            entries=[
                FolderEntry.model_validate(
                    {
                        "name": entry.path.name or str(entry.path),
                        "path": str(entry.path),
                        "kind": entry.kind,
                        "num_bytes": entry.num_bytes,
                        "modified_s": entry.modified_s,
                    }
                )
                for entry in entries[:MAX_ENTRIES]
            ],
            is_whole=len(entries) <= MAX_ENTRIES,
        )

    def media(self, path: Path) -> FileResponse:
        """Return a file, or ranges of it."""
        found = _try(lambda: self._library.find(path))
        media_type = MEDIA_TYPES.get(found.suffix.lower())
        return FileResponse(
            found,
            media_type=media_type or ANY_FILE,
            filename=found.name,
            content_disposition_type="inline" if media_type else "attachment",
            headers=SAFE,
        )

    def stream(self, path: Path) -> StreamView:
        """Return the header of a stream."""
        found = _try(lambda: self._library.find(path))
        header = _try(lambda: read_header(found))
        width, _, height = header.meta.get("size", "").partition(":")
        is_size = width.isdecimal() and height.isdecimal()
        return StreamView(
            path=str(found),
            media_type=header.media_type,
            type_name=header.type_name,
            is_text=header.is_ascii,
            dim=header.dim,
            num_rows=header.num_rows,
            rate_hz=header.rate_hz,
            width=int(width) if is_size else None,
            height=int(height) if is_size else None,
            is_constant=header.meta.get(CLOCK) == CONSTANT_CLOCK,
            first_frame=header.first_frame if FIRST_FRAME in header.meta else None,
            start_s=header.start_s,
        )

    def curves(self, path: Path, points: Annotated[PlainInt, Query(ge=2, le=10_000)] = 1000) -> CurvesView:
        """Return confidence, opening of eyes and mouth, and roll over a whole stream."""
        found = _try(lambda: self._library.find(path))
        curves = _try(lambda: read_curves(found, points))
        return CurvesView(
            rows=curves.rows.tolist(),
            values={
                name: [round(value, 4) if math.isfinite(value) else None for value in values.tolist()]
                for name, values in curves.values.items()
            },
        )

    def video(self, path: Path, sequence_hz: SequenceRate = None) -> VideoView:
        """Return size, frame rate and number of frames."""
        found = _try(lambda: self._library.find_clip(path, sequence_hz))
        probed = _try(lambda: self._library.probe(found, sequence_hz))
        return VideoView.model_validate(
            {
                "path": str(found),
                "kind": probed.kind,
                "width": probed.width,
                "height": probed.height,
                "rate_hz": probed.rate_hz,
                "num_frames": len(probed.times) // 8,
            }
        )

    def times(self, path: Path, sequence_hz: SequenceRate = None) -> Response:
        """Return the timestamps of a video's frames in seconds, as little-endian float64."""
        found = _try(lambda: self._library.find_clip(path, sequence_hz))
        return Response(_try(lambda: self._library.probe(found, sequence_hz)).times, media_type=ANY_FILE, headers=SAFE)

    def ask_preview(self, path: Path, sequence_hz: SequenceRate = None) -> PreviewView:
        """Return the progress of a copy of a video that every browser plays (VP9). The first request starts it."""
        found = _try(lambda: self._library.find_clip(path, sequence_hz))
        preview = _try(lambda: self._previews.ask(found, sequence_hz))
        return PreviewView.model_validate({"state": preview.state, "share": preview.share, "problem": preview.problem})

    def preview(self, path: Path, sequence_hz: SequenceRate = None) -> FileResponse:
        """Return the copy, or ranges of it, once it is ready."""
        found = _try(lambda: self._library.find_clip(path, sequence_hz))
        place = _try(lambda: self._previews.place(found, sequence_hz))
        if not place.is_file():
            raise HTTPException(404, f"{path}: there is no copy of it yet")
        return FileResponse(place, media_type="video/webm", headers=SAFE)

    def topology(self) -> TopologyView:
        """Return which landmarks form contours and the tessellation."""
        return TopologyView(
            contours={name: list(contour) for name, contour in CONTOURS.items()},
            tessellation=[list(edge) for edge in tessellation_edges()],
        )


class UploadRoutes:
    """The handlers of the upload routes."""

    def __init__(self, service: JobService) -> None:
        self._uploads = Uploads(service.files.upload_folder, service.options.max_upload_mb * 1_000_000)

    def begin(self, upload: NewUpload) -> UploadView:
        """Begin an upload. Its parts follow."""
        return _upload_view(_try(lambda: self._uploads.begin(upload.name, upload.num_bytes), 400))

    def find(self, name: str) -> UploadView:
        """Return how much has arrived, so that an upload can continue."""
        return _upload_view(_try(lambda: self._uploads.find(name)))

    async def append(
        self, name: str, request: Request, offset: Annotated[PlainInt, Query(ge=0, le=2**53)]
    ) -> UploadView:
        """Append the bytes of the body at an offset, which must be the number of bytes that have arrived."""
        content = await request.body()
        _ = await run_in_threadpool(_try, lambda: self._uploads.find(name))
        return _upload_view(await run_in_threadpool(_try, lambda: self._uploads.append(name, offset, content), 409))


def add_library_routes(app: FastAPI, service: JobService) -> None:
    """Add the routes to files below ``/api/v1``."""
    library, uploads = LibraryRoutes(service), UploadRoutes(service)

    def route(method: str, path: str, name: str, answer: Callable[..., Any], responses: Responses, **more: Any) -> None:
        app.add_api_route(f"{PREFIX}{path}", answer, methods=[method], operation_id=name, responses=responses, **more)

    as_file: dict[str, Any] = {"responses": NOT_THERE | answers_with(ANY_FILE), "response_class": Response}
    route("GET", "/folder", "list_folder", library.folder, NOT_THERE)
    media = NOT_THERE | answers_with(ANY_FILE, *sorted(set(MEDIA_TYPES.values())))
    route("GET", "/media", "get_media", library.media, media, response_class=Response)
    route("GET", "/stream", "get_stream", library.stream, NOT_THERE)
    route("GET", "/curves", "get_curves", library.curves, NOT_THERE)
    route("GET", "/video", "get_video", library.video, NOT_THERE)
    route("GET", "/times", "get_times", library.times, **as_file)
    route("GET", "/preview-state", "ask_preview", library.ask_preview, NOT_THERE)
    webm = NOT_THERE | answers_with("video/webm")
    route("GET", "/preview", "get_preview", library.preview, webm, response_class=Response)
    route("GET", "/topology", "get_topology", library.topology, {})
    refused = problem(400, "The file is empty or too large")
    route("POST", "/uploads", "begin_upload", uploads.begin, refused, status_code=201)
    route("GET", "/uploads/{name}", "get_upload", uploads.find, NOT_THERE)
    route("PATCH", "/uploads/{name}", "continue_upload", uploads.append, NOT_THERE | NOT_SO)


def _try(ask: Callable[[], Answer], status: int = 404) -> Answer:
    try:
        return ask()
    except (RequestError, FacestreamError) as error:
        raise HTTPException(status, str(error)) from None
    except OSError as error:
        raise HTTPException(status, error.strerror or str(error)) from None


def _upload_view(upload: Upload) -> UploadView:
    return UploadView(name=upload.name, num_bytes=upload.num_bytes, num_bytes_there=upload.num_bytes_there)
