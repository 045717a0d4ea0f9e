"""The API of our own, asked of a real server."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from facestream.version import __version__
from tests.server.running import RunningServer

JOB: dict[str, Any] = {
    "module": "facemesh",
    "inputs": {"data": "clip.mp4", "bounding_box": "boxes.stream"},
    "outputs": {"landmarks": "api/mesh.stream"},
}


def wait(server: RunningServer, number: int) -> dict[str, Any]:
    deadline = time.monotonic() + 90
    while True:
        job: dict[str, Any] = server.get(f"/api/v1/jobs/{number}").json()
        if job["status"] not in ("waiting", "running"):
            return job
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_job_and_its_files(server: RunningServer) -> None:
    answer = server.post("/api/v1/jobs", json={**JOB, "key": "api job", "options": {"batch_size": 7}})
    assert answer.status_code == 201
    created = answer.json()
    assert (created["key"], created["module"]) == ("api job", "facemesh/facemesh.trainer")
    job = wait(server, created["number"])
    assert (job["status"], job["error"], job["progress"]) == ("finished", "", None)
    assert job["outputs"] == [str(server.data_folder / "api" / "mesh.stream")]
    assert job["queued_s"] <= job["started_s"] <= job["ended_s"]
    files = server.get(f"/api/v1/jobs/{job['number']}/files").json()
    assert [file["path"].rpartition("/")[2] for file in files] == ["mesh.stream", "mesh.stream~"]
    assert files[1]["num_bytes"] == 30 * 937 * 4
    part = server.get(f"/api/v1/jobs/{job['number']}/files/1", headers={"Range": "bytes=3748-7495"})
    assert (part.status_code, part.headers["content-range"]) == (206, f"bytes 3748-7495/{30 * 937 * 4}")
    assert part.content == (server.data_folder / "api" / "mesh.stream~").read_bytes()[3748:7496]
    log = server.get(f"/api/v1/jobs/{job['number']}/log")
    assert log.text.endswith("INFO Processing completed!\n")
    assert "text/plain" in log.headers["content-type"]
    again = server.post(f"/api/v1/jobs/{job['number']}/again")
    assert again.status_code == 201
    assert again.json()["number"] > job["number"]
    assert wait(server, again.json()["number"])["status"] == "finished"
    assert server.get(f"/api/v1/jobs/{job['number']}").status_code == 404


def test_all_that_facestream_can_write(server: RunningServer) -> None:
    options = {"formats": ["npz", "csv"], "overlay": True, "num_faces": 2, "detector": "front", "detect_every": 5}
    job = {"module": "facemesh", "inputs": {"data": "clip.mp4"}, "outputs": {"landmarks": "all/mesh.stream"}}
    number = server.post("/api/v1/jobs", json={**job, "options": options}).json()["number"]
    found = wait(server, number)
    assert found["status"] == "finished", found["error"]
    folder = server.data_folder / "all"
    names = ["mesh.stream", "mesh.face2.stream", "mesh.npz", "mesh.csv", "mesh.overlay.mp4"]
    assert found["outputs"] == [str(folder / name) for name in names]
    assert sorted(path.name for path in folder.iterdir()) == sorted([*names, "mesh.stream~", "mesh.face2.stream~"])
    assert "own detector (front)" in server.get(f"/api/v1/jobs/{number}/log").text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"formats": ["exe"]}, "option formats is ['exe'], where a list of stream, npz, csv was expected"),
        ({"formats": "npz"}, "where a list of stream, npz, csv was expected"),
        ({"overlay": "/etc/x.mp4"}, "option overlay is '/etc/x.mp4', where true or false was expected"),
        ({"num_faces": 1e9}, "option num_faces is 1000000000, where at most 20 are allowed"),
        ({"num_faces": 0}, "num_faces must be at least 1, not 0"),
        ({"detector": ["back"]}, "detector must be one of back, front"),
        ({"detect_every": "often"}, "detect_every must be a whole number or 'auto'"),
        ({"rate_hz": "25"}, "rate_hz must be a number, not '25'"),
    ],
)
def test_options_that_are_none(server: RunningServer, options: dict[str, Any], message: str) -> None:
    number = server.post("/api/v1/jobs", json={**JOB, "options": options}).json()["number"]
    job = wait(server, number)
    assert (job["status"], message in job["error"]) == ("error", True), job["error"]


def test_events(server: RunningServer) -> None:
    number = server.post("/api/v1/jobs", json={**JOB, "outputs": {"landmarks": "events"}}).json()["number"]
    answer = server.get(f"/api/v1/jobs/{number}/events", stream=True)
    assert "text/event-stream" in answer.headers["content-type"]
    lines = [line for line in answer.iter_lines(decode_unicode=True) if line]
    assert lines[0::2] == ["event: job"] * (len(lines) // 2)
    jobs = [json.loads(line.removeprefix("data: ")) for line in lines[1::2]]
    assert jobs[0]["status"] in ("waiting", "running")
    assert jobs[-1]["status"] == "finished"


def test_events_of_all_jobs(server: RunningServer) -> None:
    """They go on where a connection broke off."""
    known = server.get("/api/v1/jobs", params={"limit": 1}).json()["change"]
    number = server.post("/api/v1/jobs", json={**JOB, "outputs": {"landmarks": "all-events"}}).json()["number"]

    def follow(**how: Any) -> list[tuple[int, dict[str, Any]]]:
        """Events until the job has ended."""
        found: list[tuple[int, dict[str, Any]]] = []
        with server.get("/api/v1/events", stream=True, **how) as answer:
            change = 0
            for line in answer.iter_lines(decode_unicode=True):
                name, _, value = line.partition(": ")
                change = int(value) if name == "id" else change
                if name == "data":
                    found.append((change, json.loads(value)))
                    jobs = [job for _, event in found for job in event["jobs"] if job["number"] == number]
                    if jobs and jobs[-1]["status"] == "finished":
                        return found
        raise AssertionError(found)

    told = follow(params={"after": known})
    statuses = [job["status"] for _, event in told for job in event["jobs"] if job["number"] == number]
    assert statuses[-1] == "finished"
    assert [change for change, _ in told] == sorted(change for change, _ in told)
    assert told[-1][1]["counts"]["finished"] > 0
    last, _ = told[-1]
    again = follow(headers={"Last-Event-ID": str(known)})
    assert again[0][1]["jobs"][-1]["number"] == number
    assert again[-1][0] >= last


def test_pages(server: RunningServer) -> None:
    numbers = [
        server.post("/api/v1/jobs", json={**JOB, "outputs": {"landmarks": f"p{k}"}}).json()["number"] for k in range(3)
    ]
    for number in numbers:
        wait(server, number)
    first = server.get("/api/v1/jobs", params={"limit": 2}).json()
    assert [job["number"] for job in first["jobs"]] == numbers[:0:-1]
    second = server.get("/api/v1/jobs", params={"limit": 2, "before": first["before"]}).json()
    assert second["jobs"][0]["number"] == numbers[0]
    assert first["counts"]["waiting"] == 0
    assert server.get("/api/v1/jobs", params={"status": "running"}).json()["jobs"] == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"module": "emonet"}, "Trainer file not available: emonet/emonet.trainer"),
        ({"module": "x" * 300}, "Trainer file not available: xxx"),
        ({"module": "x\ud800"}, "leads out of the folder of trainers"),
        ({"inputs": {"data": "x" * 300}}, "xxx: there is no such file in"),
        ({"inputs": {"data": "x\ud800"}}, "is no path"),
        ({"module": "../../x"}, "leads out of the folder of trainers"),
        ({"inputs": {"film": "clip.mp4"}}, "module 'facemesh' has no input 'film'; it has data, bounding_box"),
        ({"inputs": {"data": "/etc/passwd"}}, "/etc/passwd: outside of the folders that jobs may use"),
        ({"inputs": {"data": "absent.mp4"}}, "absent.mp4: there is no such file in"),
        ({"outputs": {"landmarks": "../x.stream"}}, "../x.stream: outside of the folders that jobs may use"),
    ],
)
def test_what_is_refused_at_once(server: RunningServer, changes: dict[str, Any], message: str) -> None:
    answer = server.post("/api/v1/jobs", json={**JOB, **changes})
    assert answer.status_code == 400
    assert message in answer.json()["detail"]


@pytest.mark.parametrize("body", ["{}", "[]", "no json", '{"module": 3}', json.dumps({**JOB, "extra": 1})])
def test_bodies_that_are_none(server: RunningServer, body: str) -> None:
    answer = server.post("/api/v1/jobs", data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["msg"]


def test_jobs_that_there_are_not(server: RunningServer) -> None:
    for path in ("", "/log", "/events", "/files", "/files/0"):
        assert server.get(f"/api/v1/jobs/999999{path}").status_code == 404
    assert server.post("/api/v1/jobs/999999/cancel").status_code == 404
    for number in ("0", "1%0C", "1_0", "%2B1", "\u0661"):
        assert server.get(f"/api/v1/jobs/{number}").status_code == 422
    number = server.post("/api/v1/jobs", json={**JOB, "outputs": {"landmarks": "ended"}}).json()["number"]
    wait(server, number)
    assert server.post(f"/api/v1/jobs/{number}/cancel").status_code == 409
    assert server.get(f"/api/v1/jobs/{number}/files/7").status_code == 404
    import requests

    assert requests.delete(f"{server.url}/api/v1/jobs/{number}", timeout=60).status_code == 204
    assert server.get(f"/api/v1/jobs/{number}").status_code == 404
    assert (server.data_folder / "ended.stream").exists(), "files in data folders stay"


def test_other_methods_are_told_which_there_are(server: RunningServer) -> None:
    import requests

    for path, methods in {"/api/v1/jobs": "GET, POST", "/api/v1/jobs/1": "DELETE, GET", "/process": "POST"}.items():
        answer = requests.put(f"{server.url}{path}", timeout=60)
        assert (answer.status_code, answer.headers["allow"]) == (405, methods)


def test_what_there_is(server: RunningServer) -> None:
    modules = server.get("/api/v1/modules").json()
    assert [(module["path"], module["create"], module["can_run"]) for module in modules] == [
        ("blazeface/blazeface.trainer", "BlazeFace", True),
        ("facemesh/facemesh.trainer", "FaceMesh", True),
    ]
    health = server.get("/api/v1/health").json()
    assert health == {
        "status": "ok",
        "version": __version__,
        "num_workers": 1,
        "data_folders": [str(server.data_folder)],
    }
    page = server.get("/api/v1/docs")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for text in ("POST /api/v1/jobs", "GET /api/v1/jobs/{number}/events", "NewJob", "list of JobView"):
        assert text in page.text
    metrics = server.get("/api/v1/metrics")
    assert 'facestream_jobs{state="finished"} ' in metrics.text
    document = server.get("/api/v1/openapi.json").json()
    assert "/api/v1/jobs/{number}/events" in document["paths"]
    assert "/process" not in document["paths"]
