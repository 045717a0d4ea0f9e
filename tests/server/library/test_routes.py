"""The API's routes to files, asked of a real server."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import requests

from facestream import read_stream
from facestream.media.source import open_source
from facestream.media.video.frame_times import read_frame_times
from facestream.topology import CONTOURS
from tests.media.clips import numbered_frames, write_clip
from tests.server.running import RunningServer

TIMEOUT = 60


def ask(server: RunningServer, route: str, path: str, **more: str) -> requests.Response:
    return server.get(f"/api/v1/{route}", params={"path": path, **more})


def test_folders(server: RunningServer) -> None:
    (server.data_folder / "films" / "deep").mkdir(parents=True)
    for name in ("b.MP4", "a.png", "m.stream", "m.stream~", ".hidden", "notes.txt"):
        (server.data_folder / "films" / name).write_bytes(b"x")
    (server.data_folder / "films" / "out").symlink_to("/etc")
    top = server.get("/api/v1/folder").json()
    assert [entry["path"] for entry in top["entries"]] == [str(server.data_folder)]
    assert (top["path"], top["parent"], top["is_whole"]) == (None, None, True)
    films = ask(server, "folder", "films").json()
    assert films["parent"] == str(server.data_folder)
    assert [(entry["name"], entry["kind"]) for entry in films["entries"]] == [
        ("deep", "folder"),
        ("a.png", "picture"),
        ("b.MP4", "video"),
        ("m.stream", "stream"),
        ("notes.txt", "other"),
    ]
    assert ask(server, "folder", str(server.data_folder)).json()["parent"] is None
    for path in ("/etc", "..", "films/out", "absent", "films/a.png"):
        assert ask(server, "folder", path).status_code == 404


def test_media_in_ranges(server: RunningServer) -> None:
    content = (server.data_folder / "clip.mp4").read_bytes()
    whole = ask(server, "media", "clip.mp4")
    assert whole.content == content
    assert whole.headers["content-type"] == "video/mp4"
    assert whole.headers["content-disposition"].startswith("inline")
    assert (whole.headers["x-content-type-options"], whole.headers["accept-ranges"]) == ("nosniff", "bytes")
    part = requests.get(
        f"{server.url}/api/v1/media", params={"path": "clip.mp4"}, headers={"Range": "bytes=5-9"}, timeout=TIMEOUT
    )
    assert (part.status_code, part.content) == (206, content[5:10])
    assert part.headers["etag"] == whole.headers["etag"]


def test_no_file_becomes_a_page(server: RunningServer) -> None:
    for name in ("page.html", "page.svg", "page.mp4.js"):
        (server.data_folder / name).write_text("<script>alert(1)</script>")
        answer = ask(server, "media", name)
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith("attachment")
        assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("route", ["media", "stream", "curves", "video", "times"])
@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "absent.mp4", "x\0", "a" * 300, "\ud800", ".", "films/../.."])
def test_files_that_may_not_be_read(server: RunningServer, route: str, path: str) -> None:
    answer = ask(server, route, path.encode("utf-8", "surrogatepass").decode("latin-1"))
    assert answer.status_code == 404, answer.text
    assert answer.json()["detail"]


def test_a_stream(server: RunningServer) -> None:
    path = server.data_folder / "boxes.stream"
    found = ask(server, "stream", "boxes.stream").json()
    assert found == {
        "path": str(path),
        "media_type": "feature;face;boundingbox;blazeface",
        "type_name": "FLOAT",
        "is_text": False,
        "dim": 5,
        "num_rows": 30,
        "rate_hz": read_stream(path).rate_hz,
        "width": 480,
        "height": 360,
        "is_constant": False,
        "first_frame": None,
        "start_s": 0.0,
    }
    assert ask(server, "stream", "clip.mp4").status_code == 404
    curves = ask(server, "curves", "boxes.stream", points="7").json()
    assert curves["rows"] == [0, 5, 10, 14, 19, 24, 29]
    assert list(curves["values"]) == ["confidence"]
    np.testing.assert_allclose(curves["values"]["confidence"], read_stream(path).data[curves["rows"], 4], atol=1e-4)


def test_a_video(server: RunningServer) -> None:
    clip = server.data_folder / "clip.mp4"
    info = open_source(clip).info
    found = ask(server, "video", "clip.mp4").json()
    assert found == {
        "path": str(clip),
        "kind": "video",
        "width": 480,
        "height": 360,
        "rate_hz": pytest.approx(float(info.rate_hz)),
        "num_frames": 30,
    }
    times = np.frombuffer(ask(server, "times", "clip.mp4").content, "<f8")
    np.testing.assert_array_equal(times, read_frame_times(info))
    (server.data_folder / "text.mp4").write_text("no video")
    answer = ask(server, "video", "text.mp4")
    assert answer.status_code == 404
    assert "not a picture or video" in answer.json()["detail"]


def test_a_copy_that_browsers_can_play(server: RunningServer, tmp_path: Path) -> None:
    video = server.data_folder / "large.avi"
    write_clip(video, numbered_frames(12, 1600, 900), rate=10)
    assert ask(server, "preview", "large.avi").status_code == 404
    deadline = time.monotonic() + 60
    while (found := ask(server, "preview-state", "large.avi").json())["state"] == "making":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert found == {"state": "ready", "share": 1.0, "problem": ""}
    answer = ask(server, "preview", "large.avi")
    assert answer.headers["content-type"] == "video/webm"
    (tmp_path / "copy.webm").write_bytes(answer.content)
    with closing(open_source(tmp_path / "copy.webm")) as copy, closing(open_source(video)) as original:
        assert (copy.info.width, copy.info.height) == (1280, 720)
        both = list(zip(copy, original, strict=True))
    for mine, theirs in both:
        assert mine.timestamp_s == pytest.approx(theirs.timestamp_s, abs=0.001)
        assert np.abs(mine.image.mean() - theirs.image.mean()) < 4
    (server.data_folder / "none.avi").write_text("no video")
    while (found := ask(server, "preview-state", "none.avi").json())["state"] == "making":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert found["state"] == "failed"
    assert "not a picture or video" in found["problem"]


def test_the_topology(server: RunningServer) -> None:
    found = server.get("/api/v1/topology").json()
    assert found["contours"] == {name: list(contour) for name, contour in CONTOURS.items()}
    assert len(found["tessellation"]) == 1322


def test_an_upload_in_parts_that_goes_on(server: RunningServer, sample: Path) -> None:
    content = sample.read_bytes()
    begun = server.post("/api/v1/uploads", json={"name": "My clip.MP4", "num_bytes": len(content)})
    assert begun.status_code == 201
    url = f"{server.url}/api/v1/uploads/{begun.json()['name']}"
    assert begun.json()["name"].endswith(".mp4")
    half = len(content) // 2
    first = requests.patch(url, params={"offset": 0}, data=content[:half], timeout=TIMEOUT)
    assert first.json()["num_bytes_there"] == half
    for offset, part in ((0, b"x"), (half + 1, b"x"), (half, content)):
        refused = requests.patch(url, params={"offset": offset}, data=part, timeout=TIMEOUT)
        assert refused.status_code == 409
        assert f"{half} of {len(content)} bytes are there; go on from there" in refused.json()["detail"]
    assert requests.get(url, timeout=TIMEOUT).json()["num_bytes_there"] == half
    last = requests.patch(url, params={"offset": half}, data=content[half:], timeout=TIMEOUT).json()
    assert last["num_bytes_there"] == last["num_bytes"] == len(content)
    assert ask(server, "media", last["name"]).content == content
    assert requests.patch(url, params={"offset": 0}, data=b"x", timeout=TIMEOUT).status_code == 409


def test_uploads_that_are_none(server: RunningServer) -> None:
    empty = server.post("/api/v1/uploads", json={"name": "a.mp4", "num_bytes": 0})
    assert (empty.status_code, empty.json()["detail"]) == (400, "a.mp4: the file is empty")
    large = server.post("/api/v1/uploads", json={"name": "a.mp4", "num_bytes": 10**14})
    assert (large.status_code, "where at most 20000 MB may come" in large.json()["detail"]) == (400, True)
    for size in (True, 1.5, "1", None):
        assert server.post("/api/v1/uploads", json={"name": "a.mp4", "num_bytes": size}).status_code == 422
    for name in ("..", "x", "..%2F..%2Fjobs.sqlite", "0123456789abcdef-5.mp4"):
        assert server.get(f"/api/v1/uploads/{name}").status_code == 404
        answer = requests.patch(f"{server.url}/api/v1/uploads/{name}?offset=0", data=b"x", timeout=TIMEOUT)
        assert answer.status_code in (404, 405)
