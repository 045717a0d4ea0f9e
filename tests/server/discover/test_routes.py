"""DISCOVER's routes, asked of a real server as its clients ask."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from facestream import MeshOptions, extract, read_stream
from tests.server.nova import EMPTY_FORM, HEADERS, nova_form, process_fields
from tests.server.running import RunningServer

VIDEO = {"src": "file:stream:video", "type": "input", "id": "input_data", "uri": "clip.mp4"}
BOXES = {"src": "file:stream:ssiStream", "type": "input", "id": "face_bb", "uri": "boxes.stream"}
OUTPUT = {"src": "file:stream:ssistream", "type": "output", "id": "output_stream", "uri": "mesh.stream"}


def form(key: str, *entries: dict[str, Any], **fields: str) -> dict[str, str]:
    return {
        "jobID": key,
        "trainerFilePath": "modules\\facemesh\\facemesh.trainer",
        "data": json.dumps(entries),
        **fields,
    }


def test_the_documented_example(server: RunningServer, data_folder: Path, tmp_path: Path) -> None:
    payload = {
        "jobID": "\xb4face_mesh_stream",
        "data": json.dumps([VIDEO, BOXES, OUTPUT]),
        "trainerFilePath": "modules\\facemesh\\facemesh.trainer",
    }
    answer = requests.post(f"{server.url}/process", data=payload, timeout=60)
    assert (answer.status_code, answer.text) == (200, '{"success":"True"}\n')
    assert answer.headers["content-type"] == "application/json"
    assert server.wait("\xb4face_mesh_stream") == 2, server.log("\xb4face_mesh_stream")
    found = read_stream(data_folder / "mesh.stream")
    assert found.data.shape == (30, 937)
    assert found.media_type == "feature;face;landmarks;facemesh"
    extract(data_folder / "clip.mp4", tmp_path / "mesh.stream", MeshOptions(boxes=data_folder / "boxes.stream"))
    np.testing.assert_array_equal(found.data, read_stream(tmp_path / "mesh.stream").data)
    log = server.log("\xb4face_mesh_stream").splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [A-Z]+ ", line) for line in log)
    assert "INFO {'jobID': '\xb4face_mesh_stream'" in log[0]
    assert "WARNING input 'face_bb' is taken for 'bounding_box'" in "\n".join(log)
    assert log[-1].endswith("INFO Processing completed!")


@pytest.mark.parametrize("src", ["file:stream:video", "File:Stream:Video", "file:stream", "file:image"])
@pytest.mark.parametrize("path", ["facemesh/facemesh.trainer", "modules/facemesh/facemesh.trainer"])
def test_every_spelling(server: RunningServer, src: str, path: str) -> None:
    key = f"spelling {src} {path}"
    entries = [{**VIDEO, "src": src, "id": "data"}, {**OUTPUT, "id": "landmarks", "uri": "deep/er/spelling"}]
    server.post("/process", data={**form(key, *entries), "trainerFilePath": path, "options": '{"batch_size": 250}'})
    assert server.wait(key) == 2, server.log(key)
    assert "no face boxes are given, so facestream's own detector (back) finds the faces" in server.log(key)
    assert read_stream(server.data_folder / "deep" / "er" / "spelling.stream").data.shape == (30, 937)


@pytest.mark.parametrize("ids", [("bounding_box", "landmarks"), ("bounding_box",), ("landmarks",), ("output_stream",)])
def test_blazeface_with_one_or_both_outputs(server: RunningServer, ids: tuple[str, ...], tmp_path: Path) -> None:
    key = "blazeface " + "+".join(ids)
    folder = server.data_folder / key
    outputs = [{**OUTPUT, "id": name, "uri": f"{key}/{name}.stream"} for name in ids]
    values = form(key, {**VIDEO, "id": "input_video"}, *outputs, optStr="min_score_thresh=0.4;model=back")
    server.post("/process", data={**values, "trainerFilePath": "blazeface\\blazeface.trainer"})
    assert server.wait(key) == 2, server.log(key)
    columns = {"bounding_box": 5, "landmarks": 13, "output_stream": 5}
    assert sorted(path.name for path in folder.glob("*.stream")) == sorted(f"{name}.stream" for name in ids)
    for name in ids:
        assert read_stream(folder / f"{name}.stream").data.shape == (30, columns[name])


def test_novas_multipart_form(server: RunningServer) -> None:
    entries = [{**VIDEO, "id": "data"}, {**OUTPUT, "id": "landmarks", "uri": "nova.stream"}]
    answer = server.post("/process", data=nova_form(process_fields("12345678", entries)), headers=HEADERS)
    assert answer.text == '{"success":"True"}\n'
    assert server.wait("12345678") == 2, server.log("12345678")
    empty = server.post("/cml_info", data=EMPTY_FORM, headers=HEADERS)
    assert list(empty.json()["trainer_ok"]) == ["blazeface/blazeface.trainer", "facemesh/facemesh.trainer"]


def test_streams_of_a_dataset(server: RunningServer) -> None:
    folder = server.data_folder / "study"
    for session in ("s01", "s02"):
        (folder / session).mkdir(parents=True)
        (folder / session / "patient.video.mp4").write_bytes((server.data_folder / "clip.mp4").read_bytes())
    (folder / "s02" / "patient.video.mp4").write_bytes(b"no video")
    entries = [
        {"id": "data", "type": "input", "src": "db:stream:Video", "name": "video", "role": "patient", "active": True},
        {"id": "landmarks", "type": "output", "src": "db:stream:SSIStream:feature;face;landmarks", "name": "face_mesh",
         "role": "patient", "active": True, "kind": "SSIStream:feature;face;landmarks"},
    ]  # fmt: skip
    fields = form("db", *entries, dataset="study", sessions='["s01","s02","s03"]', dbHost="h", dbPassword="secret")
    server.post("/process", data=fields)
    assert server.wait("db") == 3
    log = server.log("db")
    assert read_stream(folder / "s01" / "patient.face_mesh.stream").data.shape == (30, 937)
    assert "secret" not in log
    assert "'dbPassword': '****'" in log
    last = log.splitlines()[-1]
    assert " CRITICAL Job failed with exception 2 of 3 sessions failed: s02: " in last
    assert "s03: input 'data': there is no file patient.video.* in" in last
    (job,) = [job for job in server.get("/job_status_all").json() if job["job_key"] == "db"]
    assert (job["status"], job["progress"], job["module_name"]) == ("ERROR", "3/3", "modules")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"data": ""}, "the request has no data, the list of what is read and written"),
        ({"trainerFilePath": ""}, "trainerFilePath not specified in request."),
        ({"trainerFilePath": "emonet\\emonet.trainer"}, "Trainer file not available: emonet"),
        ({"options": "{"}, "options is not valid JSON"),
        ({"sharedDir": "/results"}, "sharedDir is refused"),
        (
            {"data": json.dumps([VIDEO])},
            "the request has no 'landmarks'; the module has: input 'data', input 'bounding",
        ),
        (
            {"data": json.dumps([{**VIDEO, "uri": "/etc/passwd"}, OUTPUT])},
            "/etc/passwd: outside of the folders that jobs",
        ),
        ({"data": json.dumps([{**VIDEO, "uri": "no.mp4"}, OUTPUT])}, "no.mp4: there is no such file in"),
        ({"data": json.dumps([VIDEO, {**OUTPUT, "uri": "../x.stream"}])}, "../x.stream: outside of the folders"),
        (
            {"data": json.dumps([{**VIDEO, "src": "url:image", "uri": "http://a/"}, OUTPUT])},
            "http://a/: the server downloads nothing; --allow-url",
        ),
        (
            {"data": json.dumps([{**VIDEO, "src": "db:annotation"}, OUTPUT])},
            "input 'input_data' is an annotation, which facestream",
        ),
        ({"options": '{"min_score_thresh": "high"}'}, "option min_score_thresh is 'high', where a number was expected"),
        ({"options": '{"min_score_thresh": 7}'}, "min_score_thresh must be at most 1, not 7"),
    ],
)
def test_errors_are_the_jobs(server: RunningServer, fields: dict[str, str], message: str) -> None:
    key = f"error {message}"
    answer = server.post("/process", data={**form(key, VIDEO, OUTPUT), **fields})
    assert answer.text == '{"success":"True"}\n'
    assert server.wait(key) == 3
    assert f" CRITICAL Job failed with exception {message}" in server.log(key).splitlines()[-1]


def test_halves_of_characters(server: RunningServer) -> None:
    entries = [{**VIDEO, "uri": "x\ud800", "id": "\udfff"}, OUTPUT]
    server.post("/process", data=form("halves", *entries))
    assert server.wait("halves") == 3
    (job,) = [job for job in server.get("/api/v1/jobs").json()["jobs"] if job["key"] == "halves"]
    assert job["inputs"] == {"?": "x?"}


def test_unknown_jobs(server: RunningServer) -> None:
    assert server.post("/job_status", data={"jobID": "nobody"}).text == '{"status":0}\n'
    assert server.post("/job_status").text == '{"status":0}\n'
    assert server.post("/log", data={"jobID": "nobody"}).json() == {"message": "No log for the given parameters found."}
    answer = server.get("/log/nobody")
    assert (answer.status_code, answer.text) == (404, "Log file not found for job nobody")
    assert "text/plain" in answer.headers["content-type"]
    answer = server.post("/cancel", data={"jobID": "nobody"})
    assert (answer.status_code, answer.text) == (500, "KeyError: 'nobody'\n")
    answer = server.post("/fetch_result", data={"jobID": "nobody"})
    assert (answer.status_code, answer.text) == (
        500,
        "FileNotFoundError: No data for job id nobody found on server.\n",
    )
    assert server.post("/train").status_code == 404


def test_progress_from_outside(server: RunningServer) -> None:
    answer = server.post("/api/update_progress", json={"job_key": "nobody", "progress": "1/3"})
    assert answer.text == '{"success":true}\n'
    answer = server.post("/api/update_progress", json={"job_key": "", "progress": "1/3"})
    assert (answer.status_code, answer.text) == (400, '{"error":"Missing job_key or progress","success":false}\n')
    assert server.post("/api/update_progress", data={"job_key": "a", "progress": "1"}).status_code == 415


def test_an_upload_and_its_result(server: RunningServer, astronaut: np.ndarray) -> None:
    import io

    from PIL import Image

    picture = io.BytesIO()
    Image.fromarray(astronaut).save(picture, "PNG")
    name = server.post("/upload", files={"file": ("C:\\me\\face.PNG", picture.getvalue())}).text
    assert re.fullmatch(r"[0-9a-f]{16}\.png", name)
    entries = [
        {"src": "file:image", "type": "input", "id": "data", "uri": name},
        {"src": "request:stream:ssistream", "type": "output", "id": "landmarks", "name": "mesh", "data": ""},
    ]
    server.post("/process", data=form("picture", *entries))
    assert server.wait("picture") == 2, server.log("picture")
    answer = server.post("/fetch_result", data={"jobID": "picture", "delete_after_download": "True"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-zip-compressed"
    assert "attachment" in answer.headers["content-disposition"]
    import zipfile

    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == [
            "picture/dummy_dataset/dummy_session/mesh.stream",
            "picture/dummy_dataset/dummy_session/mesh.stream~",
        ]
        assert len(archive.read(archive.namelist()[1])) == 937 * 4
    deadline = time.monotonic() + 10
    while server.post("/fetch_result", data={"jobID": "picture"}).status_code != 500:
        assert time.monotonic() < deadline, "it is removed once it was sent"


def test_a_picture_that_the_request_carries(server: RunningServer, astronaut: np.ndarray) -> None:
    import base64
    import io

    from PIL import Image

    picture = io.BytesIO()
    Image.fromarray(astronaut).save(picture, "JPEG")
    entries = [
        {"src": "request:image", "type": "input", "id": "data", "data": base64.b64encode(picture.getvalue()).decode()},
        {**OUTPUT, "id": "landmarks", "uri": "carried.stream"},
    ]
    server.post("/process", data=form("carried", *entries))
    assert server.wait("carried") == 2, server.log("carried")
    assert read_stream(server.data_folder / "carried.stream").data[0, -1] > 0.9
    assert len(server.log("carried")) < 6000, "the picture is not in the log"


def test_the_same_id_runs_again_and_the_log_begins_anew(server: RunningServer) -> None:
    fields = form("again", {**VIDEO, "id": "data"}, {**OUTPUT, "id": "landmarks", "uri": "again.stream"})
    for _ in range(2):
        server.post("/process", data=fields)
        assert server.wait("again") == 2
    assert server.log("again").count("Processing completed!") == 1


def test_streams_of_another_program_are_replaced_and_nothing_else(server: RunningServer) -> None:
    folder = server.data_folder
    (folder / "theirs.stream").write_text(
        '<stream ssi-v ="2">\n    <info ftype="BINARY" sr="25.000" dim="2" byte="8" type="DOUBLE" delim=" " />\n'
        '    <chunk from="0.000" to="0.040" byte="0" num="1" />\n</stream>'
    )
    (folder / "theirs.stream~").write_bytes(bytes(16))
    (folder / "notes.stream").write_text("not a stream at all")
    entries = [{**VIDEO, "id": "data"}, {**OUTPUT, "id": "landmarks", "uri": "theirs.stream"}]
    server.post("/process", data=form("theirs", *entries))
    assert server.wait("theirs") == 2, server.log("theirs")
    assert read_stream(folder / "theirs.stream").data.shape == (30, 937)
    server.post("/process", data=form("notes", entries[0], {**entries[1], "uri": "notes.stream"}))
    assert server.wait("notes") == 3
    assert (folder / "notes.stream").read_text() == "not a stream at all"
