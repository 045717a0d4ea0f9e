"""Exchanges with a server that speaks DISCOVER's protocol: what is asked, in order, and what an answer amounts to."""

from __future__ import annotations

import io
import json
import re
import time
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.server.nova import EMPTY_FORM, HEADERS, nova_form, process_fields

__all__ = ["DIFFERENCES", "Exchange", "describe", "exchanges", "play"]

KEPT = {"status", "success", "message", "error", "module_name", "was_canceled", "interactive_url", "job_key"}
"""Values of JSON objects that must be equal; of others the kind must."""

TIME = re.compile(r"\d\d/\d\d/\d{4}, \d\d:\d\d:\d\d")
LOG = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d INFO \{")
MAX_KEPT = 60

AS_HTML = "the original answers with an HTML page"
DIFFERENCES = {
    "log page of nobody": ("media_type", "the original shows what was asked as HTML"),
    "cancel nobody": ("media_type", "the original shows what was asked as HTML"),
    "fetch nothing": ("media_type", "the original shows what was asked as HTML"),
    "fetch result": ("media_type", "NOVA knows application/x-zip-compressed only"),
    "progress of no JSON": ("media_type content", AS_HTML),
    "get process": ("media_type content", AS_HTML),
    "no such route": ("media_type content", AS_HTML),
    "predict": ("status media_type content", "NOVA's older windows post there, and the original has lost the route"),
    "extract": ("status media_type content", "NOVA's older windows post there, and the original has lost the route"),
    "train": ("status content", "the original says yes to a job that cannot but fail"),
}
"""By exchange: in what our answer differs from the original's, and why."""


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One request."""

    name: str
    path: str
    method: str = "POST"
    request: dict[str, Any] = field(default_factory=dict)
    """What ``requests`` is given."""
    awaits: str | None = None
    """A job whose end is waited for before."""


def exchanges(data_folder: Path) -> list[Exchange]:
    """The requests in order; ``data_folder`` holds ``clip.mp4``."""
    video = {"src": "file:stream:video", "type": "input", "id": "data", "uri": str(data_folder / "clip.mp4")}
    mesh = {
        "src": "file:stream:SSIStream",
        "type": "output",
        "id": "landmarks",
        "uri": str(data_folder / "mesh.stream"),
    }
    fetched = {"src": "request:stream:ssistream", "type": "output", "id": "landmarks", "name": "mesh", "data": ""}
    path = "facemesh\\facemesh.trainer"

    def asks(name: str, path: str, awaits: str | None = None, **values: str) -> Exchange:
        return Exchange(name=name, path=path, request={"data": values}, awaits=awaits)

    def gets(name: str, path: str) -> Exchange:
        return Exchange(name=name, path=path, method="GET")

    def novas(name: str, path: str, body: bytes) -> Exchange:
        return Exchange(name=name, path=path, request={"data": body, "headers": HEADERS})

    def process(name: str, key: str, **values: str) -> Exchange:
        return asks(name, "/process", jobID=key, trainerFilePath=path, **values)

    return [
        asks("status of nobody", "/job_status", jobID="nobody"),
        asks("status without a name", "/job_status"),
        asks("log of nobody", "/log", jobID="nobody"),
        gets("log page of nobody", "/log/nobody"),
        gets("no jobs", "/job_status_all"),
        gets("no data", "/data"),
        asks("cancel nobody", "/cancel", jobID="nobody"),
        asks("fetch nothing", "/fetch_result", jobID="nobody"),
        asks("modules", "/cml_info"),
        novas("modules, as NOVA asks", "/cml_info", EMPTY_FORM),
        asks("modules with one video", "/cml_info", input_filter='["stream:video"]'),
        asks("modules with one output", "/cml_info", output_filter='["stream:ssistream"]'),
        asks("modules with landmarks", "/cml_info", output_filter='["stream:ssistream:feature;face"]'),
        process("process", "mesh", data=json.dumps([video, mesh]), options='{"batch_size": 128}'),
        asks("status", "/job_status", awaits="mesh", jobID="mesh"),
        asks("log", "/log", jobID="mesh"),
        gets("log page", "/log/mesh"),
        gets("one job", "/job_status_all"),
        gets("one job's data", "/data"),
        novas("process, as NOVA asks", "/process", nova_form(process_fields("12345678", [video, mesh]))),
        asks("status, for NOVA", "/job_status", awaits="12345678", jobID="12345678"),
        process("process the same again", "mesh", data=json.dumps([video, mesh]), optStr="batch_size=50"),
        asks("status of the same", "/job_status", awaits="mesh", jobID="mesh"),
        process("process to be fetched", "fetched", data=json.dumps([video, fetched])),
        asks("fetch result", "/fetch_result", awaits="fetched", jobID="fetched", delete_after_download="True"),
        asks("process of no module", "/process", jobID="lost", trainerFilePath="a/b.trainer", data=json.dumps([video])),
        asks("status of no module", "/job_status", awaits="lost", jobID="lost"),
        process("process of no kind", "kind", data=json.dumps([{**video, "src": "tape:stream"}])),
        asks("status of no kind", "/job_status", awaits="kind", jobID="kind"),
        Exchange(name="upload", path="/upload", request={"files": {"file": ("face.png", b"x")}}),
        Exchange(
            name="progress", path="/api/update_progress", request={"json": {"job_key": "mesh", "progress": "1/3"}}
        ),
        Exchange(
            name="progress of nobody", path="/api/update_progress", request={"json": {"job_key": "x", "progress": "1"}}
        ),
        Exchange(name="progress of nothing", path="/api/update_progress", request={"json": {}}),
        Exchange(name="progress of no JSON", path="/api/update_progress", request={"data": {"job_key": "mesh"}}),
        gets("get process", "/process"),
        gets("no such route", "/nostr"),
        asks("predict", "/predict", jobID="old"),
        asks("extract", "/extract", jobID="older"),
        asks("train", "/train", jobID="trained"),
    ]


def play(url: str, data_folder: Path, *, seconds: float = 120) -> dict[str, Any]:
    """Ask all of it; the answers by name, as they amount to."""
    return {exchange.name: describe(_ask(url, exchange, seconds)) for exchange in exchanges(data_folder)}


def describe(answer: requests.Response) -> dict[str, Any]:
    """Status, media type, and the content: kinds in place of values that may differ."""
    media_type = answer.headers["content-type"].partition(";")[0]
    content: Any
    if media_type == "application/json":
        content = _kinds(answer.json())
    elif "zip" in media_type:
        content = _zip_names(answer.content)
    else:
        content = _text_kind(answer.text)
    return {"status": answer.status_code, "media_type": media_type, "content": content}


def _ask(url: str, exchange: Exchange, seconds: float) -> requests.Response:
    deadline = time.monotonic() + seconds
    while exchange.awaits is not None and _status(url, exchange.awaits) < 2:
        assert time.monotonic() < deadline, exchange.awaits
        time.sleep(0.1)
    return requests.request(exchange.method, f"{url}{exchange.path}", timeout=60, **exchange.request)


def _status(url: str, key: str) -> int:
    return int(requests.post(f"{url}/job_status", data={"jobID": key}, timeout=60).json()["status"])


def _kinds(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _kinds(inner, name) for name, inner in sorted(value.items())}
    if isinstance(value, list):
        return [_kinds(inner) for inner in value]
    if isinstance(value, str) and value.startswith(('{"', "[{")):
        return {"JSON in a text": _kinds(json.loads(value), key)}
    if key in KEPT and len(str(value)) <= MAX_KEPT:
        return value
    if isinstance(value, str) and value:
        return "time" if TIME.fullmatch(value) else "text"
    return value if value == "" else type(value).__name__


def _text_kind(text: str) -> str:
    """Short texts are kept; of pages, logs and made-up names the kind is."""
    if LOG.match(text):
        return "log"
    if "<html" in text:
        return "page"
    return "made-up name.png" if re.fullmatch(r"[a-z0-9]+\.png", text) else text


def _zip_names(content: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return archive.namelist()
