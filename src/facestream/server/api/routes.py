"""The job routes of the typed API. Jobs are checked before they are queued."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Header, HTTPException, Query, Response
from fastapi import Path as InPath
from pydantic import BeforeValidator
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, PlainTextResponse, StreamingResponse

from facestream.discover.folders import JobFolders
from facestream.discover.modules.catalog import find_trainer
from facestream.discover.modules.registry import processor_names
from facestream.discover.requests.data_source import parse_kind
from facestream.discover.requests.descriptions import parse_descriptions
from facestream.errors import FacestreamError, RequestError
from facestream.server.api.models import (
    JobChanges,
    JobList,
    JobView,
    NewJob,
    Problem,
    ProgressView,
    ResultFile,
    StatusName,
)
from facestream.server.api.server_routes import ServerRoutes
from facestream.server.queue.store import Job, JobStatus
from facestream.server.service import JobService

__all__ = ["ANY_FILE", "PREFIX", "PlainInt", "Responses", "add_api_routes", "answers_with", "problem"]

PREFIX = "/api/v1"
EVENTS_EVERY_S = 0.3
NAME_FIELD = "name"
"""The field of a job's form that holds its display name."""

SECONDS_OF_SILENCE = 15.0
MAX_PAGE = 1000
EVENT_STREAM, ANY_FILE = "text/event-stream", "application/octet-stream"


def _plain_digits(text: object) -> object:
    """Reject spaces and underscores, which Python's int accepts."""
    if isinstance(text, str) and not DIGITS.fullmatch(text):
        raise ValueError("not digits alone")
    return text


DIGITS = re.compile(r"-?[0-9]+")
PlainInt = Annotated[int, BeforeValidator(_plain_digits)]
Number = Annotated[PlainInt, InPath(ge=1, le=2**62)]


Responses = dict[int | str, dict[str, Any]]
"""The possible responses of a route, for the OpenAPI document."""


def problem(status: int, description: str) -> Responses:
    """Return the description of an error response."""
    # The content type is named because some of the routes otherwise return text.
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"model": Problem, "description": description, "content": content}}


NO_SUCH = problem(404, "There is no such job or file")
NOT_NOW = problem(409, "Not in the job's present state")
REFUSED = problem(400, "What is asked cannot be done")

LINKED = ("get_job", "delete_job", "cancel_job", "run_job_again", "get_job_log", "follow_job", "list_job_files")
NEW_JOB: Responses = {
    201: {"links": {name: {"operationId": name, "parameters": {"number": "$response.body#/number"}} for name in LINKED}}
}
"""The operations that take the number of a new job."""


def answers_with(*media_types: str) -> Responses:
    """Return the description of a response that is not JSON."""
    return {200: {"content": {media_type: {} for media_type in media_types}}}


class JobRoutes:
    """The handlers of the job routes."""

    def __init__(self, service: JobService) -> None:
        self._service = service

    def create(self, job: NewJob) -> JobView:
        """Queue a job. Errors that can be found beforehand are reported at once."""
        try:
            form = _form_of(job, self._service)
        except FacestreamError as error:
            raise HTTPException(400, str(error)) from None
        key = job.key or f"job-{secrets.token_hex(6)}"
        return self._submit(key, form, f"a job named {key!r} waits or runs; cancel it, or choose another key")

    def page(
        self,
        status: Annotated[list[StatusName] | None, Query(description="Only jobs in these states.")] = None,
        before: Annotated[PlainInt | None, Query(ge=1, le=2**62, description="Only jobs with a lower number.")] = None,
        limit: Annotated[PlainInt, Query(ge=1, le=MAX_PAGE)] = 100,
    ) -> JobList:
        """List the newest jobs, page by page."""
        store = self._service.store
        # Read before the jobs, so that a change in between is reported twice rather than never.
        change = store.last_change()
        statuses = [JobStatus[name.upper()] for name in status] if status else list(JobStatus)
        jobs = store.page(before=before, limit=limit + 1, statuses=statuses)
        is_last = len(jobs) <= limit
        views = [_view(self._service, job) for job in jobs[:limit]]
        return JobList(jobs=views, before=None if is_last else views[-1].number, counts=self._counts(), change=change)

    def get(self, number: Number) -> JobView:
        """Return one job."""
        return _view(self._service, self._find(number))

    def delete(self, number: Number) -> Response:
        """Delete a job that has ended, with its log and results for download. Files in the data folders stay."""
        if not self._service.remove(self._find(number).key):
            raise HTTPException(409, f"job {number} has not ended; cancel it first")
        return Response(status_code=204)

    def cancel(self, number: Number) -> JobView:
        """Cancel a job that waits or runs."""
        if not self._service.cancel(self._find(number).key):
            raise HTTPException(409, f"job {number} has ended already")
        return self.get(number)

    def run_again(self, number: Number) -> JobView:
        """Queue a job that has ended again. It gets a new number."""
        job = self._find(number)
        return self._submit(job.key, job.form, f"job {number} has not ended")

    def log(self, number: Number) -> PlainTextResponse:
        """Return the log as text."""
        return PlainTextResponse(self._service.files.read_log(self._find(number).key) or "")

    async def events(self, number: Number) -> StreamingResponse:
        """Stream server-sent events with the job whenever it changes, until it has ended."""
        await run_in_threadpool(self._find, number)
        return StreamingResponse(self._follow(number), media_type=EVENT_STREAM, headers={"Cache-Control": "no-store"})

    def files(self, number: Number) -> list[ResultFile]:
        """List the files that a job wrote and that still exist."""
        return [
            ResultFile(index=index, path=str(path), num_bytes=path.stat().st_size)
            for index, path in _files(self._service, self._find(number))
        ]

    def file(self, number: Number, index: Annotated[PlainInt, InPath(ge=0, le=10_000)]) -> FileResponse:
        """Return one of these files, or a range of it."""
        path = dict(_files(self._service, self._find(number))).get(index)
        if path is None:
            raise HTTPException(404, f"job {number} has no file {index}")
        return FileResponse(path, filename=path.name, media_type=ANY_FILE)

    async def follow_all(
        self,
        after: Annotated[PlainInt, Query(ge=0, le=2**62, description="The change that is known already.")] = 0,
        last_event_id: Annotated[str, Header()] = "",
    ) -> StreamingResponse:
        """Stream server-sent events with changed jobs and progress. A lost connection can be resumed."""
        known = int(last_event_id[:18]) if DIGITS.fullmatch(last_event_id[:18]) else after
        return StreamingResponse(
            self._follow_all(known), media_type=EVENT_STREAM, headers={"Cache-Control": "no-store"}
        )

    async def _follow_all(self, known: int) -> AsyncIterator[str]:
        # A comment confirms the connection at once, and later keeps it alive.
        yield ": facestream\n\n"
        told = dict[int, str]()
        silent_s = 0.0
        while True:
            changes = await run_in_threadpool(self._changes, known)
            running = {job.number: job.model_dump_json() for job in changes.jobs if job.status == "running"}
            if changes.change != known or running != told:
                yield f"id: {changes.change}\nevent: jobs\ndata: {changes.model_dump_json()}\n\n"
                known, told, silent_s = changes.change, running, 0.0
            elif silent_s > SECONDS_OF_SILENCE:
                yield ": still there\n\n"
                silent_s = 0.0
            await asyncio.sleep(EVENTS_EVERY_S)
            silent_s += EVENTS_EVERY_S

    def _changes(self, after: int) -> JobChanges:
        """Return the changes of the queue, and the running jobs."""
        store = self._service.store
        changes = store.changes(after)
        running = store.page(statuses=[JobStatus.RUNNING])
        jobs = {job.number: job for job in (*changes.jobs, *running)}
        return JobChanges(
            change=changes.number,
            jobs=[_view(self._service, job) for job in jobs.values()],
            removed=list(changes.removed),
            counts=self._counts(),
        )

    def _counts(self) -> dict[StatusName, int]:
        return {_name(status): count for status, count in self._service.store.counts().items()}

    def _find(self, number: int) -> Job:
        job = self._service.store.find_number(number)
        if job is None:
            raise HTTPException(404, f"there is no job {number}")
        return job

    def _submit(self, key: str, form: Mapping[str, str], conflict: str) -> JobView:
        if not self._service.submit(key, form):
            raise HTTPException(409, conflict)
        queued = self._service.store.find(key)
        assert queued is not None
        return _view(self._service, queued)

    async def _follow(self, number: int) -> AsyncIterator[str]:
        told = None
        while (job := await run_in_threadpool(self._service.store.find_number, number)) is not None:
            text = _view(self._service, job).model_dump_json()
            if text != told:
                told = text
                yield f"event: job\ndata: {text}\n\n"
            if job.status.has_ended:
                return
            await asyncio.sleep(EVENTS_EVERY_S)


def add_api_routes(app: FastAPI, service: JobService) -> None:
    """Add the routes below ``/api/v1``."""
    jobs, server = JobRoutes(service), ServerRoutes(service)

    def route(method: str, path: str, name: str, answer: Callable[..., Any], **details: Any) -> None:
        app.add_api_route(f"{PREFIX}{path}", answer, methods=[method], operation_id=name, **details)

    one, text = "/jobs/{number}", {"response_class": PlainTextResponse}
    created: dict[str, Any] = {"status_code": 201}
    route("POST", "/jobs", "create_job", jobs.create, responses=REFUSED | NOT_NOW | NEW_JOB, **created)
    route("GET", "/jobs", "list_jobs", jobs.page)
    route("GET", one, "get_job", jobs.get, responses=NO_SUCH)
    route("DELETE", one, "delete_job", jobs.delete, responses=NO_SUCH | NOT_NOW, status_code=204)
    route("POST", f"{one}/cancel", "cancel_job", jobs.cancel, responses=NO_SUCH | NOT_NOW)
    route("POST", f"{one}/again", "run_job_again", jobs.run_again, responses=NO_SUCH | NOT_NOW | NEW_JOB, **created)
    route("GET", f"{one}/log", "get_job_log", jobs.log, responses=NO_SUCH, **text)
    events = NO_SUCH | answers_with(EVENT_STREAM)
    route("GET", f"{one}/events", "follow_job", jobs.events, responses=events, response_class=StreamingResponse)
    all_events = answers_with(EVENT_STREAM)
    route("GET", "/events", "follow_jobs", jobs.follow_all, responses=all_events, response_class=StreamingResponse)
    route("GET", f"{one}/files", "list_job_files", jobs.files, responses=NO_SUCH)
    files = NO_SUCH | answers_with(ANY_FILE)
    route("GET", f"{one}/files/{{index}}", "get_job_file", jobs.file, responses=files, response_class=FileResponse)
    route("GET", "/modules", "list_modules", server.modules)
    route("GET", "/formats", "list_formats", server.formats)
    route("GET", "/health", "get_health", server.health)
    route("GET", "/metrics", "get_metrics", server.metrics, **text)


def _view(service: JobService, job: Job) -> JobView:
    progress = service.workers.progress_of(job.key) if job.status is JobStatus.RUNNING else None
    return JobView(
        number=job.number,
        key=_whole(job.key),
        status=_name(job.status),
        module=_whole(job.form.get("trainerFilePath", "")),
        name=_whole(job.form.get(NAME_FIELD, "")),
        inputs=_inputs(job),
        error=_whole(job.error),
        progress=None
        if progress is None
        else ProgressView(
            session=progress.session,
            num_sessions=progress.num_sessions,
            num_frames=progress.frames.num_frames,
            num_frames_total=progress.frames.num_frames_expected,
            fps=progress.frames.fps,
            seconds_left=progress.frames.seconds_left,
        ),
        outputs=list(job.outputs),
        queued_s=job.queued_s,
        started_s=job.started_s,
        ended_s=job.ended_s,
    )


def _inputs(job: Job) -> dict[str, str]:
    try:
        entries = parse_descriptions(job.form.get("data", ""))
    except RequestError:
        return {}
    inputs = [entry for entry in entries if entry.direction == "input"]
    return {_whole(entry.id or ""): _whole(entry.uri) for entry in inputs if entry.uri is not None}


def _whole(text: str) -> str:
    """Replace unpaired surrogates, which JSON escapes can contain but UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _name(status: JobStatus) -> StatusName:
    names: dict[JobStatus, StatusName] = {
        JobStatus.WAITING: "waiting",
        JobStatus.RUNNING: "running",
        JobStatus.FINISHED: "finished",
        JobStatus.ERROR: "error",
        JobStatus.CANCELED: "canceled",
    }
    return names[status]


def _form_of(job: NewJob, service: JobService) -> dict[str, str]:
    """Convert a job to DISCOVER's form, and check it as far as possible.

    Raises:
        RequestError: an id that the module does not have, or a file that may not be used or is not there.
        TrainerError: the module's trainer cannot be read.
    """
    path = job.module if job.module.endswith(".trainer") else f"{job.module}/{job.module}.trainer"
    trainer = find_trainer(path, service.options.cml_dir)
    if trainer.create not in processor_names():
        raise RequestError(
            f"module {job.module!r} cannot be run; there are processors for {', '.join(processor_names())}"
        )
    folders = JobFolders(service.options.data_dirs, service.files.upload_folder)
    descriptions = []
    for direction, files in (("input", job.inputs), ("output", job.outputs)):
        known = {io.id: io for io in trainer.ios_of(direction)}
        for name, uri in files.items():
            if name not in known:
                raise RequestError(
                    f"module {job.module!r} has no {direction} {name!r}; it has {', '.join(known) or 'none'}"
                )
            _ = folders.find_input(uri) if direction == "input" else folders.check_output(uri)
            kind = parse_kind(known[name].data)
            descriptions.append({"id": name, "type": direction, "src": f"file:{kind}", "uri": uri})
    return {
        "trainerFilePath": path,
        "data": json.dumps(descriptions),
        "options": json.dumps(job.options),
        NAME_FIELD: job.name,
    }


def _files(service: JobService, job: Job) -> list[tuple[int, Path]]:
    """Return the outputs of a job with their sample files, if they are still in places where jobs may write."""
    paths = [Path(text) for text in job.outputs]
    both = [path for output in paths for path in (output, output.with_name(output.name + "~"))]
    folders = JobFolders([*service.options.data_dirs, service.files.result_folder(job.key)])
    return [(index, path) for index, path in enumerate(both) if path.is_file() and folders.holds(path)]
