"""What must not work: nothing outside of the data folders is read or written, and nothing of a request becomes HTML."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import shutil
import socket
import time
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.media.foreign_media import nobody_is_asked, write_foreign_files
from tests.server.running import RunningServer

SECRET = "the secret of the house"  # noqa: S105


@pytest.fixture(scope="module")
def outside(data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder beside the data folder, with links that lead to it from inside."""
    folder = tmp_path_factory.mktemp("outside")
    (folder / "secret.mp4").write_text(SECRET)
    (folder / "secret.trainer").write_text('<trainer><model create="FaceMesh" script="a.py"/></trainer>')
    (data_folder / "way-out").symlink_to(folder)
    (data_folder / "secret-link.mp4").symlink_to(folder / "secret.mp4")
    (data_folder / "stream-link.stream").symlink_to(folder / "new.stream")
    return folder


@pytest.fixture(autouse=True)
def nothing_outside_changes(outside: Path) -> Iterator[None]:
    before = {path: path.read_bytes() for path in outside.iterdir()}
    yield
    assert {path: path.read_bytes() for path in outside.iterdir()} == before


def places(folder: Path, name: str) -> list[str]:
    """Ways to write a path that leads to a folder outside."""
    up = "../" * 20
    return [
        f"../{folder.name}/{name}",
        f"{up}{str(folder)[1:]}/{name}",
        f"..\\{folder.name}\\{name}",
        f"{folder}/{name}",
        f"/{folder}/{name}",
        f"way-out/{name}",
        f"way-out/../{folder.name}/{name}",
        f"x/../../{folder.name}/{name}",
        f"\\\\server\\share\\{name}",
        f"C:\\{name}",
        f"\uff0e\uff0e/{folder.name}/{name}",
        f"..%2f{folder.name}%2f{name}",
        f"{name}\0.mp4",
        f"~/{name}",
        f"file:///{folder}/{name}",
        "/proc/self/environ",
        "/dev/zero",
    ]


def worker_mb(server: RunningServer) -> float:
    """The most memory that the worker ever had; 0 before it was started."""
    try:
        (number,) = json.loads((server.state_folder / "workers.json").read_text())
        found = re.search(r"VmHWM:\s+(\d+) kB", (Path("/proc") / number / "status").read_text())
    except OSError:
        return 0.0
    assert found is not None
    return int(found[1]) / 1000


PLACES = range(len(places(Path("/x"), "y")))


def run(server: RunningServer, key: str, video: dict[str, Any], output: dict[str, Any], **fields: str) -> str:
    """Submit a job that must fail; gives its log."""
    entries = [
        {"src": "file:stream:video", "type": "input", "id": "data", **video},
        {"src": "file:stream:ssistream", "type": "output", "id": "landmarks", **output},
    ]
    form = {"jobID": key, "trainerFilePath": "facemesh/facemesh.trainer", "data": json.dumps(entries), **fields}
    assert server.post("/process", data=form).text == '{"success":"True"}\n'
    assert server.wait(key) == 3, server.log(key)
    return server.log(key)


@pytest.mark.parametrize("number", PLACES)
def test_inputs(server: RunningServer, outside: Path, number: int) -> None:
    log = run(server, f"in {number}", {"uri": places(outside, "secret.mp4")[number]}, {"uri": "in.stream"})
    assert SECRET not in log
    assert " CRITICAL Job failed with exception " in log.splitlines()[-1]


@pytest.mark.parametrize("number", PLACES)
def test_outputs(server: RunningServer, outside: Path, number: int) -> None:
    uri = places(outside, "new.stream")[number]
    if uri.startswith(("~", "\uff0e", "..%2f", "file:")):
        # To a file system these are names like others; that nothing outside changes is seen after each test.
        fields = {"jobID": f"out {number}", "trainerFilePath": "facemesh/facemesh.trainer"}
        entries = [
            {"src": "file:stream:video", "type": "input", "id": "data", "uri": "clip.mp4"},
            {"src": "file:stream:ssistream", "type": "output", "id": "landmarks", "uri": uri},
        ]
        server.post("/process", data={**fields, "data": json.dumps(entries)})
        assert server.wait(f"out {number}") == 2
        assert f"{server.data_folder}/{uri}".replace("///", "/").replace("//", "/") in server.log(f"out {number}")
        return
    log = run(server, f"out {number}", {"uri": "clip.mp4"}, {"uri": uri})
    assert " CRITICAL Job failed with exception " in log.splitlines()[-1]


def test_links(server: RunningServer) -> None:
    for uri in ("stream-link.stream", "secret-link.mp4"):
        log = run(server, f"link in {uri}", {"uri": uri}, {"uri": "link-out.stream"})
        assert "outside of the folders that jobs may use" in log
    log = run(server, "link out", {"uri": "clip.mp4"}, {"uri": "stream-link.stream"})
    assert "outside of the folders that jobs may use" in log


@pytest.mark.parametrize("name", ["../x", "..", "/etc", "a\\b", "a/b", "a\0b", "C:"])
@pytest.mark.parametrize("field", ["dataset", "sessions", "role", "name"])
def test_names_of_a_dataset(server: RunningServer, field: str, name: str) -> None:
    values = {"dataset": "study", "sessions": "s01", "role": "patient", "name": "video", field: name}
    log = run(
        server,
        f"{field} {name}",
        {"src": "db:stream:Video", "role": values["role"], "name": values["name"]},
        {"uri": "db-attack.stream"},
        dataset=values["dataset"],
        sessions=json.dumps([values["sessions"]]),
    )
    assert "is no plain name; it may not be a path" in log


@pytest.mark.parametrize("template", ["{dataset.__class__}", "{0}", "{session!r}", "{dataset[0]}", "{x}/../../y"])
def test_templates(server: RunningServer, template: str) -> None:
    log = run(server, f"template {template}", {"uri_template": template}, {"uri": "t.stream"})
    assert "is unknown; known are {dataset} and {session}" in log


def test_a_template_does_not_lead_out(server: RunningServer, outside: Path) -> None:
    log = run(
        server,
        "template out",
        {"uri_template": "{session}/secret.mp4"},
        {"uri": "t.stream"},
        sessions=json.dumps([f"../{outside.name}"]),
    )
    assert "outside of the folders that jobs may use" in log


@pytest.mark.parametrize("number", PLACES)
def test_trainers(server: RunningServer, outside: Path, number: int) -> None:
    path = places(outside, "secret.trainer")[number]
    log = run(server, f"trainer {number}", {"uri": "clip.mp4"}, {"uri": "x.stream"}, trainerFilePath=path)
    last = log.splitlines()[-1]
    assert "leads out of the folder of trainers" in last or "Trainer file not available" in last


@pytest.mark.parametrize(
    "key", ["../../x", "/etc/passwd", "..", ".", "a/b", "a\\b", "\0", "root", "a.b", "x" * 5000, "<b>"]
)
def test_names_of_jobs(server: RunningServer, key: str, tmp_path: Path) -> None:
    before = sorted(server.state_folder.parent.iterdir())
    server.post("/process", data={"jobID": key, "data": "[]"})
    assert server.wait(key) == 3
    assert "at least one description" in server.log(key)
    for path in ("/fetch_result", "/cancel", "/log"):
        answer = server.post(path, data={"jobID": key, "delete_after_download": "True"})
        assert "text/html" not in answer.headers["content-type"]
    assert sorted(server.state_folder.parent.iterdir()) == before


def test_results_of_others_are_not_given_away(server: RunningServer) -> None:
    for key in ("..", "../log", "/", str(server.data_folder), "../../"):
        answer = server.post("/fetch_result", data={"jobID": key, "delete_after_download": "True"})
        assert answer.status_code == 500
        assert answer.text.startswith("FileNotFoundError: No data for job id")
    assert (server.data_folder / "clip.mp4").exists()


@pytest.mark.parametrize(
    "name", ["../../x.png", "/etc/cron.d/x", "x.p/../../ng", "x.", ".htaccess", "a\0.png", "x.verylongsuffix"]
)
def test_names_of_uploads(server: RunningServer, name: str) -> None:
    answer = server.post("/upload", files={"file": (name, b"x")})
    if answer.status_code == 200:
        assert (server.state_folder / "tmp" / "uploads" / answer.text).read_bytes() == b"x"
        assert "/" not in answer.text
    else:
        assert answer.status_code == 400


def test_answers_are_never_pages(server: RunningServer) -> None:
    evil = "<script>alert(1)</script>"
    answers = [
        server.get(f"/log/{evil}"),
        server.get(f"/{evil}"),
        server.post("/cancel", data={"jobID": evil}),
        server.post("/fetch_result", data={"jobID": evil}),
        server.post("/api/v1/jobs", json={"module": evil, "inputs": {}, "outputs": {}}),
        server.get(f"/api/v1/jobs/{evil}"),
    ]
    assert {answer.headers["content-type"].partition(";")[0] for answer in answers} <= {
        "text/plain",
        "application/json",
    }


def test_a_bomb_of_pixels(server: RunningServer) -> None:
    def chunk(name: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4) + name + content + zlib.crc32(name + content).to_bytes(4)

    header = (60_000).to_bytes(4) * 2 + b"\x08\x00\x00\x00\x00"
    rows = zlib.compress(b"\0" * 60_001 * 2000, 9)
    picture = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    video = {"src": "request:image", "data": base64.b64encode(picture).decode()}
    started = time.monotonic()
    run(server, "bomb", video, {"uri": "bomb.stream"})
    assert time.monotonic() - started < 30


def test_a_bomb_of_text_in_a_picture(server: RunningServer) -> None:
    from PIL import Image, PngImagePlugin

    texts = PngImagePlugin.PngInfo()
    for number in range(100):
        texts.add_text(f"bomb{number}", "x" * 4_000_000, zip=True)
    picture = io.BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "PNG", pnginfo=texts)
    assert len(picture.getvalue()) < 500_000
    memory = worker_mb(server)
    video = {"src": "request:image", "data": base64.b64encode(picture.getvalue()).decode()}
    log = run(server, "text bomb", video, {"uri": "text-bomb.stream"})
    assert "the picture is damaged (Decompressed data too large" in log.splitlines()[-1]
    assert worker_mb(server) - memory < 150


def test_no_media_file_leads_to_another(
    server: RunningServer, sample: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Both APIs, uploads, the viewer and its previews; the named clip is a real one, which lies outside."""
    folder, elsewhere = server.data_folder / "foreign", tmp_path_factory.mktemp("elsewhere")
    with nobody_is_asked() as address:
        files = write_foreign_files(folder, elsewhere, sample, address)
        for number, path in enumerate(files):
            job = {
                "module": "facemesh",
                "inputs": {"data": f"foreign/{path.name}"},
                "outputs": {"landmarks": "foreign/x.stream"},
            }
            answer = server.post("/api/v1/jobs", json={**job, "key": f"foreign {number}"})
            assert answer.status_code in (200, 201, 202), answer.text
        for number, (path, pattern) in enumerate(files.items()):
            assert server.wait(f"foreign {number}") == 3
            assert re.search(f"{re.escape(path.name)}: {pattern}", server.log(f"foreign {number}").splitlines()[-1])
        for number, path in enumerate([path for path in files if path.suffix == ".mp4"][::7]):
            uri = f"foreign/{path.name}"
            log = run(server, f"foreign form {number}", {"uri": uri}, {"uri": "foreign/x.stream"})
            assert re.search(files[path], log.splitlines()[-1])
        for path in [folder / "hls-absolute.m3u8", folder / "concat-parent.ts"]:
            with path.open("rb") as file:
                uri = server.post("/upload", files={"file": (path.name, file)}).text.strip()
            log = run(server, f"upload {path.name}", {"uri": uri}, {"uri": "foreign/x.stream"})
            assert re.search(files[path], log.splitlines()[-1])
            looked = server.get("/api/v1/video", params={"path": str(path)})
            assert looked.status_code == 404
            assert re.search(files[path], looked.json()["detail"])
            assert server.get("/api/v1/times", params={"path": str(path)}).status_code == 404
            deadline = time.monotonic() + 60
            while (preview := server.get("/api/v1/preview-state", params={"path": str(path)}).json())[
                "state"
            ] == "making":
                assert time.monotonic() < deadline
                time.sleep(0.1)
            assert preview["state"] == "failed"
            assert re.search(files[path], preview["problem"])
    assert not list(folder.glob("*.stream*"))
    shutil.rmtree(folder)


LAUGHS = "".join(f'<!ENTITY a{k} "{f"&a{k - 1};" * 10}">' for k in range(1, 12))
ENTITIES = {
    "laughs": f"<!DOCTYPE x [<!ENTITY a0 'ha'>{LAUGHS}]><stream ssi-v='2'><info sr='&a11;' dim='5'/></stream>",
    "quadratic": f"<!DOCTYPE x [<!ENTITY a '{'x' * 100_000}'>]><stream>{'&a;' * 5_000}</stream>",
    "file": "<!DOCTYPE x [<!ENTITY a SYSTEM '{secret}'>]><stream ssi-v='2'><meta type='&a;'/></stream>",
    "parameter": "<!DOCTYPE x [<!ENTITY % a SYSTEM '{secret}'> %a;]><stream ssi-v='2'/>",
}


@pytest.mark.parametrize("name", ENTITIES)
def test_entities_in_the_header_of_a_stream(server: RunningServer, outside: Path, name: str) -> None:
    header = ENTITIES[name].replace("{secret}", (outside / "secret.mp4").as_uri())
    (server.data_folder / f"{name}.stream").write_text(header)
    (server.data_folder / f"{name}.stream~").write_bytes(bytes(20))
    memory, started = worker_mb(server), time.monotonic()
    entries = [
        {"src": "file:stream:video", "type": "input", "id": "data", "uri": "clip.mp4"},
        {"src": "file:stream:ssistream", "type": "input", "id": "bounding_box", "uri": f"{name}.stream"},
        {"src": "file:stream:ssistream", "type": "output", "id": "landmarks", "uri": f"{name}-out.stream"},
    ]
    form = {"jobID": name, "trainerFilePath": "facemesh/facemesh.trainer", "data": json.dumps(entries)}
    server.post("/process", data=form)
    assert server.wait(name) == 3
    log = server.log(name)
    assert f"{name}.stream" in log.splitlines()[-1]
    assert SECRET not in log
    assert not (server.data_folder / f"{name}-out.stream").exists()
    assert time.monotonic() - started < 20
    assert worker_mb(server) - memory < 100


def test_entities_in_a_trainer(data_folder: Path, outside: Path, tmp_path: Path) -> None:
    trainers = tmp_path / "cml"
    trainers.mkdir()
    for name, text in ENTITIES.items():
        secret = (outside / "secret.mp4").as_uri()
        (trainers / f"{name}.trainer").write_text(text.replace("stream", "trainer").replace("{secret}", secret))
    (trainers / "large.trainer").write_text(f"<trainer>{' ' * 2_000_000}</trainer>")
    (trainers / "link.trainer").symlink_to(outside / "secret.trainer")
    with RunningServer(data_folder, tmp_path / "state", "--cml-dir", str(trainers)) as server:
        answer = server.post("/cml_info").json()
        assert set(answer["trainer_faulty"]) == {*(f"{name}.trainer" for name in ENTITIES), "large.trainer"}
        assert set(answer["trainer_ok"]) == {"blazeface/blazeface.trainer", "facemesh/facemesh.trainer"}
        assert SECRET not in json.dumps(answer)
        for name in ("laughs", "large"):
            log = run(server, name, {"uri": "clip.mp4"}, {"uri": "x.stream"}, trainerFilePath=f"{name}.trainer")
            assert f"{name}.trainer" in log.splitlines()[-1]


@pytest.mark.parametrize("name", ["bomb.zip", "bomb.mp4", "bomb.stream"])
def test_a_bomb_of_archives(server: RunningServer, name: str) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for number in range(20):
            target.writestr(f"{number}.mp4", bytes(20_000_000))
    assert len(archive.getvalue()) < 1_000_000
    uploaded = server.post("/upload", files={"file": (name, archive.getvalue())}).text
    memory, started = worker_mb(server), time.monotonic()
    log = run(server, f"archive {name}", {"uri": uploaded}, {"uri": "archive.stream"})
    assert uploaded in log.splitlines()[-1]
    assert time.monotonic() - started < 20
    assert worker_mb(server) - memory < 100


@pytest.mark.parametrize("beginning", ["nothing", "clip"])
@pytest.mark.parametrize("suffix", ["mp4", "avi", "mkv", "mpg", "h264", "png", "stream"])
def test_a_sparse_video_of_8_gigabytes(server: RunningServer, suffix: str, beginning: str) -> None:
    path = server.data_folder / f"sparse-{beginning}.{suffix}"
    path.write_bytes((server.data_folder / "clip.mp4").read_bytes() if beginning == "clip" else b"")
    os.truncate(path, 8_000_000_000)
    memory, started = worker_mb(server), time.monotonic()
    key = f"sparse {beginning} {suffix}"
    entries = [
        {"src": "file:stream:video", "type": "input", "id": "data", "uri": path.name},
        {"src": "file:stream:ssistream", "type": "output", "id": "landmarks", "uri": f"{path.stem}-{suffix}.stream"},
    ]
    form = {"jobID": key, "trainerFilePath": "facemesh/facemesh.trainer", "data": json.dumps(entries)}
    server.post("/process", data=form)
    status = server.wait(key)
    # The clip is whole before the hole, which a reader may find out; of the others nothing can be read.
    assert status == 3 or beginning == "clip", server.log(key)
    assert time.monotonic() - started < 20
    # Without a container FFmpeg keeps what it reads, up to what is read in vain.
    assert worker_mb(server) - memory < 1500
    path.unlink()


@pytest.mark.parametrize(
    "options", ['{"__class__": 1}', '{"batch_size": 1e400}', '{"batch_size": "__import__(\'os\')"}', "[" * 10_000]
)
def test_options_are_only_values(server: RunningServer, options: str) -> None:
    key = f"options {options[:30]}"
    server.post(
        "/process",
        data={"jobID": key, "trainerFilePath": "facemesh/facemesh.trainer", "data": "[]", "options": options},
    )
    assert server.wait(key) == 3


def _send(server: RunningServer, text: bytes, *, seconds: float = 5) -> bytes:
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=seconds) as connection:
        connection.sendall(text)
        answer = io.BytesIO()
        try:
            while block := connection.recv(1 << 16):
                answer.write(block)
        except TimeoutError:
            """What has come so far is the answer."""
        return answer.getvalue()


def test_a_body_that_is_declared_too_large(server: RunningServer) -> None:
    text = b"POST /process HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000000\r\n\r\nx"
    assert _send(server, text).startswith(b"HTTP/1.1 413 ")


def test_another_name_and_another_site(server: RunningServer) -> None:
    assert _send(server, b"GET /job_status_all HTTP/1.1\r\nHost: evil.example\r\n\r\n", seconds=1).startswith(
        b"HTTP/1.1 421 "
    )
    text = b"POST /cancel HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\nContent-Length: 0\r\n\r\n"
    assert _send(server, text, seconds=1).startswith(b"HTTP/1.1 403 ")


def test_slow_clients_do_not_keep_others_waiting(server: RunningServer) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    slow = [socket.create_connection((host, int(port))) for _ in range(100)]
    try:
        for connection in slow:
            connection.sendall(b"POST /process HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nj")
        started = time.monotonic()
        assert server.status("nobody") == 0
        assert time.monotonic() - started < 2
    finally:
        for connection in slow:
            connection.close()
