"""Whatever is sent to DISCOVER's routes, an answer is none of a server that broke down."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.media.clips import remux
from tests.server.nova import BOUNDARY
from tests.server.running import RunningServer

ROUTES = (
    "/process", "/predict", "/extract", "/job_status", "/log", "/cancel", "/fetch_result", "/upload", "/cml_info",
    "/api/update_progress",
)  # fmt: skip
OWN_500 = {"/cancel": "KeyError: ", "/fetch_result": "FileNotFoundError: No data for job id "}
"""The contract's own."""

TEXTS = st.text(max_size=30) | st.sampled_from(
    ["", "\0", "\ud800", "../x", "@/etc/passwd", "-1", "--help", "%", "a" * 300]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
SOURCES = (
    "file:stream:video", "FILE:stream:ssiStream", "request:image", "request:text", "db:stream:Video", "db:stream:",
    "db:annotation", "url:image", "file:stream", "request:stream:ssistream", "::",
)  # fmt: skip
PICTURE = base64.b64encode(b"P6 2 2 255\n" + bytes(12)).decode()


def usually(usual: dict[str, Any], others: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """The usual values, of which a few are left out or others."""

    def change(changes: dict[str, Any], left_out: set[str]) -> dict[str, Any]:
        return {name: value for name, value in {**usual, **changes}.items() if name not in left_out}

    fewer = st.lists(st.sampled_from(sorted(others)), max_size=2, unique=True).flatmap(
        lambda names: st.fixed_dictionaries({name: others[name] for name in names})
    )
    return st.builds(change, fewer, st.sets(st.sampled_from(sorted(usual)), max_size=1) | st.just(set()))


URIS = st.sampled_from(["clip.mp4", "out.stream", "no.mp4", ".", "study/s01/patient.video.mp4"]) | TEXTS
ENTRY_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "id": st.sampled_from(["data", "landmarks", "bounding_box", "output_stream", "x"]) | TEXTS,
    "type": st.sampled_from(["input", "output", "INPUT", ""]) | JSON,
    "src": st.sampled_from(SOURCES) | TEXTS | JSON,
    "uri": URIS | JSON,
    "uri_template": st.sampled_from(["{session}.mp4", "{dataset}/{session}/patient.video.mp4", "{x}"]) | TEXTS | JSON,
    "name": st.sampled_from(["video", "mesh"]) | TEXTS | JSON,
    "role": st.sampled_from(["patient", "..", "a/b"]) | TEXTS | JSON,
    "data": st.sampled_from([PICTURE, "data:image/png;base64," + PICTURE, "***"]) | JSON,
    "active": JSON,
}
VIDEO = {"src": "file:stream:video", "type": "input", "id": "data", "uri": "clip.mp4"}
MESH = {"src": "file:stream:ssistream", "type": "output", "id": "landmarks", "uri": "out.stream"}
PATIENT = {"src": "db:stream:Video", "type": "input", "id": "data", "role": "patient", "name": "video"}
INPUTS = usually(VIDEO, ENTRY_VALUES) | usually(PATIENT, ENTRY_VALUES)
OUTPUTS = usually(MESH, ENTRY_VALUES)
FORM_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "jobID": st.sampled_from(["b", "\xb4face_mesh_stream"]) | TEXTS,
    "trainerFilePath": st.sampled_from(["blazeface/blazeface.trainer", "modules\\facemesh\\facemesh.trainer"]) | TEXTS,
    "data": st.lists(INPUTS | OUTPUTS, max_size=4).map(json.dumps) | JSON.map(json.dumps) | TEXTS,
    "options": st.sampled_from(['{"batch_size": 0}', '{"min_score_thresh": "x"}']) | JSON.map(json.dumps) | TEXTS,
    "optStr": st.sampled_from(["batch_size=7", "a=b=c", ";;", "="]) | TEXTS,
    "sessions": st.sampled_from(['["s01","s02"]', "[1]", "[]"]) | JSON.map(json.dumps) | TEXTS,
    "dataset": st.sampled_from(["study", ".."]) | TEXTS,
    "delete_after_download": st.sampled_from(["True", "1", "no"]),
    "input_filter": JSON.map(json.dumps) | st.just('["stream:video"]'),
    "output_filter": JSON.map(json.dumps) | TEXTS,
    "dbPassword": TEXTS,
    "sharedDir": TEXTS,
}


def own_key(fields: dict[str, str]) -> dict[str, str]:
    """A name of its own for most jobs, else they would be taken for one that waits."""
    return fields if fields.get("jobID") != "a" else {**fields, "jobID": f"a{hash(str(fields))}"}


FORMS = st.tuples(INPUTS, OUTPUTS).flatmap(
    lambda entries: usually(
        {"jobID": "a", "trainerFilePath": "facemesh/facemesh.trainer", "data": json.dumps(entries), "dataset": "study",
         "sessions": '["s01"]'}, FORM_VALUES,
    )
)  # fmt: skip
FIELDS = FORMS.map(own_key) | st.fixed_dictionaries({}, optional=FORM_VALUES)
QUOTES = st.sampled_from(['"', ""])


def as_urlencoded(fields: dict[str, str]) -> tuple[bytes, str]:
    return urlencode(fields, errors="surrogatepass").encode(), "application/x-www-form-urlencoded"


def as_multipart(fields: dict[str, str], quote: str, part: str = "") -> tuple[bytes, str]:
    parts = (
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; name={quote}{name}{quote}{part}\r\n\r\n{value}\r\n"
        for name, value in fields.items()
    )
    body = "".join([*parts, f"--{BOUNDARY}--\r\n"]).encode("utf-8", "surrogatepass")
    return body, f'multipart/form-data; boundary="{BOUNDARY}"'


def as_json(value: object) -> tuple[bytes, str]:
    return json.dumps(value).encode(), "application/json"


@st.composite
def damaged(draw: st.DrawFn, bodies: st.SearchStrategy[tuple[bytes, str]]) -> tuple[bytes, str]:
    """A body that is cut, or of which some bytes are others, perhaps under another name."""
    body, kind = draw(bodies)
    place = draw(st.integers(0, len(body)))
    body = body[:place] + draw(st.binary(max_size=4)) + body[place + draw(st.integers(0, 8)) :]
    return body[: draw(st.integers(0, len(body)))], draw(st.just(kind) | st.sampled_from(KINDS))


KINDS = (
    "multipart/form-data",
    "multipart/form-data; boundary=",
    "application/json",
    "text/plain",
    "",
    "x/y; boundary=a",
)
WHOLE = st.one_of(
    FIELDS.map(as_urlencoded),
    st.builds(as_multipart, FIELDS, QUOTES, st.sampled_from(["", '; filename="a.mp4"', "; filename=", ";"])),
    JSON.map(as_json),
    st.dictionaries(st.sampled_from(["job_key", "progress"]), JSON).map(as_json),
)
BODIES = WHOLE | damaged(WHOLE) | st.tuples(st.binary(max_size=60), st.sampled_from(KINDS))


@pytest.fixture(scope="module")
def fuzzed(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that still works afterwards."""
    folder = tmp_path_factory.mktemp("data")
    remux(sample, folder / "clip.mp4", num_packets=3)
    (folder / "study" / "s01").mkdir(parents=True)
    remux(sample, folder / "study" / "s01" / "patient.video.mp4", num_packets=2)
    with RunningServer(folder, tmp_path_factory.mktemp("state")) as server:
        yield server
        deadline = time.monotonic() + 120
        while (counts := server.get("/api/v1/jobs").json()["counts"])["waiting"] + counts["running"]:
            assert time.monotonic() < deadline
            time.sleep(0.2)
    assert not any("Traceback" in line for line in server.output), "".join(server.output)


def check(server: RunningServer, route: str, body: bytes, kind: str) -> None:
    answer = requests.post(f"{server.url}{route}", data=body, headers={"Content-Type": kind}, timeout=60)
    if answer.status_code >= 500:
        assert (answer.status_code, answer.text.startswith(OWN_500.get(route, "never"))) == (500, True), answer.text
    assert "html" not in answer.headers["content-type"] or route == "/upload"


@settings(
    max_examples=250, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(route=st.just("/process") | st.sampled_from(ROUTES), body=BODIES)
def test_any_form(fuzzed: RunningServer, route: str, body: tuple[bytes, str]) -> None:
    check(fuzzed, route, *body)


@pytest.mark.long
@settings(
    max_examples=5000, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(route=st.just("/process") | st.sampled_from(ROUTES), body=BODIES)
def test_many_forms(fuzzed: RunningServer, route: str, body: tuple[bytes, str]) -> None:
    check(fuzzed, route, *body)
