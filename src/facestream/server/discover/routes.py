"""DISCOVER's routes, compatible with its clients field by field."""

from __future__ import annotations

import json
import secrets
import shutil
import stat
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from facestream.discover.modules.catalog import describe_modules
from facestream.discover.requests.form import mask_secrets
from facestream.errors import RequestError
from facestream.server.discover.forms import read_form, read_upload
from facestream.server.library.uploads import plain_suffix
from facestream.server.queue.store import Job, JobStatus
from facestream.server.service import JobService

__all__ = ["discover_routes"]

NO_LOG = "No log for the given parameters found."
TRUE_WORDS = ("True", "true", "1")
JOB_TYPE = "du-process"
ZIP_TYPE = "application/x-zip-compressed"
"""The only name of this route that NOVA knows."""


class DiscoverJson(Response):
    """Return compact JSON with sorted keys and a final newline."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return json.dumps(content, sort_keys=True, separators=(",", ":")).encode("ascii") + b"\n"


class DiscoverRoutes:
    """The handlers of the routes. ``/process`` accepts every request; errors are those of the job."""

    def __init__(self, service: JobService) -> None:
        self._service = service

    async def process(self, request: Request) -> Response:
        try:
            form = await self._form(request)
        except RequestError:
            form = {}
        key = form.get("jobID") or f"job-{secrets.token_hex(6)}"
        await run_in_threadpool(self._service.submit, key, form)
        return DiscoverJson({"success": "True"})

    async def job_status(self, request: Request) -> Response:
        form = await self._form(request)
        status = self._service.store.status_of(form.get("jobID", ""))
        return DiscoverJson({"status": int(status or JobStatus.WAITING)})

    async def job_status_all(self, request: Request) -> Response:
        return DiscoverJson(await run_in_threadpool(self._describe_all))

    async def data(self, request: Request) -> Response:
        return DiscoverJson({"data": await run_in_threadpool(self._describe_all)})

    async def log(self, request: Request) -> Response:
        form = await self._form(request)
        text = await run_in_threadpool(self._log_of, form.get("jobID", ""))
        return DiscoverJson({"message": NO_LOG if text is None else text})

    async def log_page(self, request: Request) -> Response:
        key = request.path_params["job_key"]
        text = await run_in_threadpool(self._log_of, key)
        if text is None:
            return PlainTextResponse(f"Log file not found for job {key}", 404)
        return PlainTextResponse(text)

    async def cancel(self, request: Request) -> Response:
        form = await self._form(request)
        key = form.get("jobID", "")
        if self._service.store.status_of(key) is None:
            return PlainTextResponse(f"KeyError: {key!r}\n", 500)
        is_done = await run_in_threadpool(self._service.cancel, key)
        return DiscoverJson({"success": "true" if is_done else "false"})

    async def fetch_result(self, request: Request) -> Response:
        form = await self._form(request)
        key = form.get("jobID", "")
        results = await run_in_threadpool(self._service.files.results, key)
        if not results:
            return PlainTextResponse(f"FileNotFoundError: No data for job id {key} found on server.\n", 500)
        deletes = form.get("delete_after_download", "") in TRUE_WORDS
        folder = self._service.files.result_folder(key)
        if len(results) == 1:
            clean_up = BackgroundTask(self._service.files.remove_results, key) if deletes else None
            return FileResponse(results[0], filename=results[0].name, background=clean_up)
        archive = await run_in_threadpool(_zip, results, folder, key)

        def clean_up_archive() -> None:
            archive.unlink(missing_ok=True)
            if deletes:
                self._service.files.remove_results(key)

        return FileResponse(
            archive, filename=f"{key}.zip", media_type=ZIP_TYPE, background=BackgroundTask(clean_up_archive)
        )

    async def upload(self, request: Request) -> Response:
        file = await read_upload(request, "file")
        name = f"{secrets.token_hex(8)}{plain_suffix(file.filename or '')}"
        target = self._service.files.upload_folder / name

        def save() -> None:
            with target.open("xb") as saved:
                target.chmod(stat.S_IRUSR | stat.S_IWUSR)
                shutil.copyfileobj(file.file, saved, 1 << 20)

        await run_in_threadpool(save)
        # As in the original. It contains nothing of the request.
        return HTMLResponse(name)

    async def cml_info(self, request: Request) -> Response:
        try:
            form = await self._form(request)
        except RequestError:
            # NOVA's empty multipart form is not formally valid.
            form = {}
        modules = await run_in_threadpool(describe_modules, self._service.options.cml_dir)
        ok = {name: text for name, text in modules["trainer_ok"].items() if _passes(text, form)}
        return DiscoverJson({**modules, "trainer_ok": ok})

    async def update_progress(self, request: Request) -> Response:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return PlainTextResponse("Unsupported Media Type\n", 415)
        try:
            body = await request.json()
        except (ValueError, RecursionError):
            body = None
        values = body if isinstance(body, Mapping) else {}
        key, progress = values.get("job_key"), values.get("progress")
        if not key or not progress:
            return DiscoverJson({"error": "Missing job_key or progress", "success": False}, 400)
        await run_in_threadpool(self._service.store.set_progress, str(key), str(progress)[:100])
        return DiscoverJson({"success": True})

    async def _form(self, request: Request) -> dict[str, str]:
        return await read_form(request, max_bytes=self._service.options.max_body_mb * 1_000_000)

    def _log_of(self, key: str) -> str | None:
        return None if self._service.store.status_of(key) is None else self._service.files.read_log(key)

    def _describe_all(self) -> list[dict[str, Any]]:
        jobs = self._service.store.page(limit=self._service.options.keep_jobs)
        return [self._describe(job) for job in reversed(jobs)]

    def _describe(self, job: Job) -> dict[str, Any]:
        module = job.form.get("trainerFilePath", "").replace("\\", "/").partition("/")[0]
        return {
            "details": repr(mask_secrets(job.form)),
            "end_time": _clock(job.ended_s),
            "interactive_url": "",
            "job_key": job.key,
            "job_type": JOB_TYPE if job.started_s else "Unknown",
            "log_path": f"log/{self._service.files.log_path(job.key).name}",
            "module_name": module,
            "progress": job.progress or "-",
            "start_time": _clock(job.started_s),
            "status": job.status.name,
            "was_canceled": job.was_canceled,
        }


def discover_routes(service: JobService) -> list[Route]:
    """Return the routes. Others, such as ``/train``, are answered with 404."""
    answers = DiscoverRoutes(service)
    return [
        Route("/process", answers.process, methods=["POST"]),
        Route("/predict", answers.process, methods=["POST"]),
        Route("/extract", answers.process, methods=["POST"]),
        Route("/job_status", answers.job_status, methods=["POST"]),
        Route("/job_status_all", answers.job_status_all, methods=["GET"]),
        Route("/data", answers.data, methods=["GET"]),
        Route("/log", answers.log, methods=["POST"]),
        Route("/log/{job_key:path}", answers.log_page, methods=["GET"]),
        Route("/cancel", answers.cancel, methods=["POST"]),
        Route("/fetch_result", answers.fetch_result, methods=["POST"]),
        Route("/upload", answers.upload, methods=["POST"]),
        Route("/cml_info", answers.cml_info, methods=["POST"]),
        Route("/api/update_progress", answers.update_progress, methods=["POST"]),
    ]


def _clock(seconds: float | None) -> str:
    return "" if seconds is None else time.strftime("%m/%d/%Y, %H:%M:%S", time.localtime(seconds))


def _zip(files: list[Path], folder: Path, key: str) -> Path:
    """Return the results of a job as an uncompressed archive named after the job."""
    archive = folder.parent / f".{folder.name}-{secrets.token_hex(4)}.zip"
    top = key.replace("\\", "/").strip("/").replace("..", "_") or folder.name
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as target:
        for file in files:
            target.write(file, f"{top}/{file.relative_to(folder).as_posix()}")
    return archive


def _passes(trainer_text: str, form: Mapping[str, str]) -> bool:
    """Whether a trainer has as many inputs and outputs as there are filters, and each matches every filter."""
    ios = json.loads(json.loads(trainer_text)["meta_io"])
    for direction in ("input", "output"):
        filters = _filters(form.get(f"{direction}_filter"))
        own = [io["data"].lower().split(":", 2) for io in ios if io["type"] == direction]
        if filters is None:
            continue
        if len(own) != len(filters):
            return False
        if not all(data[: len(wanted)] == wanted for data in own for wanted in filters):
            return False
    return True


def _filters(text: str | None) -> list[list[str]] | None:
    if not text:
        return None
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        return None
    return [value.lower().split(":", 2) for value in values]
