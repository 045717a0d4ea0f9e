"""The API of our own: the same jobs, typed, and checked before they are queued."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Response
from fastapi import Path as InPath
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, PlainTextResponse, StreamingResponse

from facestream.discover.folders import JobFolders
from facestream.discover.modules import find_trainer, trainer_paths
from facestream.discover.processors import processor_names
from facestream.discover.sources import parse_kind
from facestream.errors import FacestreamError, RequestError, TrainerError
from facestream.server.api_models import (
    Health,
    JobList,
    JobView,
    Module,
    ModuleIo,
    NewJob,
    Problem,
    ProgressView,
    ResultFile,
    StatusName,
)
from facestream.server.job_store import Job, JobStatus
from facestream.server.metrics import format_metrics
from facestream.server.service import JobService
from facestream.version import __version__

__all__ = ["api_router"]

EVENTS_EVERY_S = 0.3
MAX_PAGE = 1000

Number = Annotated[int, InPath(ge=1, le=2**62)]


def api_router(service: JobService) -> APIRouter:  # noqa: PLR0915 - a route after the other
    """The routes below ``/api/v1``."""
    refusals: dict[int | str, dict[str, Any]] = {
        404: {"model": Problem, "description": "There is no such job or file"},
        409: {"model": Problem, "description": "The job is not in the state for that"},
    }
    router = APIRouter(prefix="/api/v1")

    def view(job: Job) -> JobView:
        return _view(service, job)

    def find(number: int) -> Job:
        job = service.store.find_number(number)
        if job is None:
            raise HTTPException(404, f"there is no job {number}")
        return job

    @router.post("/jobs", status_code=201, responses={400: {"model": Problem}, 409: refusals[409]})
    def create_job(job: NewJob) -> JobView:
        """Queue a job. What can be known to fail is refused now."""
        try:
            form = _form_of(job, service)
        except FacestreamError as error:
            raise HTTPException(400, str(error)) from None
        key = job.key or f"job-{secrets.token_hex(6)}"
        if not service.submit(key, form):
            raise HTTPException(409, f"a job named {key!r} waits or runs; cancel it, or choose another key")
        queued = service.store.find(key)
        assert queued is not None
        return view(queued)

    @router.get("/jobs")
    def list_jobs(
        status: Annotated[list[StatusName] | None, Query(description="Only jobs in these states.")] = None,
        before: Annotated[int | None, Query(ge=1, le=2**62, description="Only jobs with a lower number.")] = None,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100,
    ) -> JobList:
        """The newest jobs, page by page."""
        statuses = [JobStatus[name.upper()] for name in status] if status else list(JobStatus)
        jobs = service.store.page(before=before, limit=limit + 1, statuses=statuses)
        counts: dict[StatusName, int] = {_name(status): count for status, count in service.store.counts().items()}
        is_last = len(jobs) <= limit
        return JobList(
            jobs=[view(job) for job in jobs[:limit]], before=None if is_last else jobs[limit - 1].number, counts=counts
        )

    @router.get("/jobs/{number}", responses={404: refusals[404]})
    def get_job(number: Number) -> JobView:
        """One job."""
        return view(find(number))

    @router.delete("/jobs/{number}", status_code=204, responses=refusals)
    def delete_job(number: Number) -> Response:
        """Forget a job that has ended, its log, and results that were to be fetched. Files in data folders stay."""
        job = find(number)
        if not service.remove(job.key):
            raise HTTPException(409, f"job {number} has not ended; cancel it first")
        return Response(status_code=204)

    @router.post("/jobs/{number}/cancel", responses=refusals)
    def cancel_job(number: Number) -> JobView:
        """End a job that waits or runs."""
        job = find(number)
        if not service.cancel(job.key):
            raise HTTPException(409, f"job {number} has ended already")
        return view(find(number))

    @router.post("/jobs/{number}/again", status_code=201, responses=refusals)
    def run_again(number: Number) -> JobView:
        """Queue a job that has ended once more; it gets a new number."""
        job = find(number)
        if not service.submit(job.key, job.form):
            raise HTTPException(409, f"job {number} has not ended")
        queued = service.store.find(job.key)
        assert queued is not None
        return view(queued)

    @router.get("/jobs/{number}/log", response_class=PlainTextResponse, responses={404: refusals[404]})
    def get_log(number: Number) -> PlainTextResponse:
        """The log, line by line."""
        return PlainTextResponse(service.files.read_log(find(number).key) or "")

    @router.get(
        "/jobs/{number}/events",
        response_class=StreamingResponse,
        responses={200: {"content": {"text/event-stream": {}}}, 404: refusals[404]},
    )
    async def follow_job(number: Number) -> StreamingResponse:
        """Server-sent events: the job whenever it changes, until it has ended."""
        await run_in_threadpool(find, number)

        async def events() -> AsyncIterator[str]:
            told = None
            while True:
                job = await run_in_threadpool(service.store.find_number, number)
                if job is None:
                    return
                text = view(job).model_dump_json()
                if text != told:
                    told = text
                    yield f"event: job\ndata: {text}\n\n"
                if job.status.has_ended:
                    return
                await asyncio.sleep(EVENTS_EVERY_S)

        return StreamingResponse(events(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    @router.get("/jobs/{number}/files", responses={404: refusals[404]})
    def list_files(number: Number) -> list[ResultFile]:
        """The files that a job wrote and that are still there."""
        return [
            ResultFile(index=index, path=str(path), num_bytes=path.stat().st_size)
            for index, path in _files(service, find(number))
        ]

    @router.get(
        "/jobs/{number}/files/{index}",
        response_class=FileResponse,
        responses={200: {"content": {"application/octet-stream": {}}}, 404: refusals[404]},
    )
    def get_file(number: Number, index: Annotated[int, InPath(ge=0, le=10_000)]) -> FileResponse:
        """One of these files, or a range of it."""
        path = dict(_files(service, find(number))).get(index)
        if path is None:
            raise HTTPException(404, f"job {number} has no file {index}")
        return FileResponse(path, filename=path.name, media_type="application/octet-stream")

    @router.get("/modules")
    def list_modules() -> list[Module]:
        """The modules that jobs may name."""
        return list(_modules(service.options.cml_dir))

    @router.get("/health")
    def health() -> Health:
        """Whether the server lives."""
        options = service.options
        folders = [str(folder.resolve()) for folder in options.data_dirs]
        return Health(status="ok", version=__version__, num_workers=options.num_workers, data_folders=folders)

    @router.get("/metrics", response_class=PlainTextResponse)
    def metrics() -> PlainTextResponse:
        """Prometheus' text format."""
        return PlainTextResponse(format_metrics(service), media_type="text/plain; version=0.0.4; charset=utf-8")

    return router


def _view(service: JobService, job: Job) -> JobView:
    progress = service.workers.progress_of(job.key) if job.status is JobStatus.RUNNING else None
    return JobView(
        number=job.number,
        key=job.key,
        status=_name(job.status),
        module=job.form.get("trainerFilePath", ""),
        error=job.error,
        progress=None
        if progress is None
        else ProgressView(
            session=progress.session,
            num_sessions=progress.num_sessions,
            num_frames=progress.num_frames,
            num_frames_total=progress.num_frames_total,
            fps=progress.fps,
            seconds_left=progress.seconds_left,
        ),
        outputs=list(job.outputs),
        queued_s=job.queued_s,
        started_s=job.started_s,
        ended_s=job.ended_s,
    )


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
    """The job as DISCOVER's form; what can be looked at before is.

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
    }


def _files(service: JobService, job: Job) -> list[tuple[int, Path]]:
    """A job's outputs and what belongs to them, as far as they still lie where jobs may write."""
    paths = [Path(text) for text in job.outputs]
    both = [path for output in paths for path in (output, output.with_name(output.name + "~"))]
    folders = JobFolders([*service.options.data_dirs, service.files.result_folder(job.key)])
    return [(index, path) for index, path in enumerate(both) if path.is_file() and folders.holds(path)]


def _modules(folder: Path | None) -> list[Module]:
    modules = []
    for path in trainer_paths(folder):
        try:
            trainer = find_trainer(path, folder)
        except (RequestError, TrainerError):
            continue
        modules.append(
            Module(
                path=path,
                create=trainer.create,
                description=trainer.description,
                can_run=trainer.create in processor_names(),
                ios=[ModuleIo(direction=io.direction, id=io.id, data=io.data) for io in trainer.ios],
            )
        )
    return modules
