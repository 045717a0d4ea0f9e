"""Animated pictures, numbered pictures and parts of clips through the job server."""

from __future__ import annotations

import json
import time
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from facestream import read_stream
from facestream.media.source import open_source
from tests.server.running import RunningServer


@pytest.fixture(scope="module")
def frames(data_folder: Path) -> Path:
    """12 frames of the clip as numbered pictures."""
    folder = data_folder / "recordings" / "frames"
    folder.mkdir(parents=True)
    for number, frame in enumerate(islice(open_source(data_folder / "clip.mp4"), 12), 1):
        Image.fromarray(frame.image).save(folder / f"f{number}.png")
    return folder


def run(server: RunningServer, key: str, uri: str, options: dict[str, Any], *, api: bool) -> str:
    """Run a job by either API; gives the last line of its log."""
    output = f"{key}.stream"
    if api:
        job = {"module": "facemesh", "inputs": {"data": uri}, "outputs": {"landmarks": output}, "options": options}
        answer = server.post("/api/v1/jobs", json={**job, "key": key})
        assert answer.status_code < 300, answer.text
    else:
        entries = [
            {"src": "file:stream:video", "type": "input", "id": "data", "uri": uri},
            {"src": "file:stream:ssistream", "type": "output", "id": "landmarks", "uri": output},
        ]
        form = {"jobID": key, "trainerFilePath": "facemesh/facemesh.trainer", "data": json.dumps(entries)}
        server.post("/process", data={**form, "options": json.dumps(options)})
    server.wait(key)
    return server.log(key).splitlines()[-1]


@pytest.mark.parametrize("api", [True, False])
@pytest.mark.parametrize(
    ("uri", "num_rows"), [("recordings/frames", 12), ("recordings\\frames", 12), ("recordings/frames/f1*.png", 4)]
)
def test_numbered_pictures(server: RunningServer, frames: Path, uri: str, num_rows: int, api: bool) -> None:
    key = f"sequence {api} {num_rows} {len(uri)}"
    last = run(server, key, uri, {"sequence_hz": 12.5}, api=api)
    assert server.status(key) == 2, last
    stream = read_stream(server.data_folder / f"{key}.stream")
    assert (len(stream.data), stream.rate_hz) == (num_rows, 12.5)
    assert (stream.data[:, -1] > 0.9).all()


@pytest.mark.parametrize("api", [True, False])
def test_a_part(server: RunningServer, api: bool) -> None:
    last = run(server, f"part {api}", "clip.mp4", {"from_s": "0:00.2", "to_s": 0.6}, api=api)
    assert server.status(f"part {api}") == 2, last
    stream = read_stream(server.data_folder / f"part {api}.stream")
    assert (len(stream.data), stream.first_frame) == (12, 6)
    header = server.get("/api/v1/stream", params={"path": f"part {api}.stream"}).json()
    assert (header["first_frame"], header["start_s"], header["is_constant"]) == (6, 0.2, False)


@pytest.mark.parametrize("suffix", ["webp", "png", "gif", "avif"])
def test_an_animated_picture(server: RunningServer, frames: Path, suffix: str) -> None:
    first, *others = (Image.open(frames / f"f{number}.png") for number in (1, 4, 8))
    name = f"moving-{suffix}.{suffix}"
    first.save(server.data_folder / name, save_all=True, append_images=others, duration=[100, 200, 100])
    run(server, f"moving {suffix}", name, {}, api=True)
    assert len(read_stream(server.data_folder / f"moving {suffix}.stream").data) == 3
    view = server.get("/api/v1/video", params={"path": name}).json()
    assert (view["kind"], view["num_frames"]) == ("video", 3)
    times = np.frombuffer(server.get("/api/v1/times", params={"path": name}).content, "<f8")
    np.testing.assert_allclose(times, [0, 0.1, 0.3], atol=1e-9)


def test_the_viewer_of_numbered_pictures(server: RunningServer, frames: Path) -> None:
    ask: dict[str, Any] = {"path": "recordings/frames", "sequence_hz": 10}
    view = server.get("/api/v1/video", params=ask).json()
    assert (view["kind"], view["num_frames"], view["rate_hz"]) == ("video", 12, 10)
    times = np.frombuffer(server.get("/api/v1/times", params=ask).content, "<f8")
    np.testing.assert_allclose(times, np.arange(12) / 10)
    deadline = time.monotonic() + 60
    while (state := server.get("/api/v1/preview-state", params=ask).json())["state"] == "making":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert state["state"] == "ready", state
    copy = server.data_folder / "copy.webm"
    copy.write_bytes(server.get("/api/v1/preview", params=ask).content)
    assert [round(frame.timestamp_s, 3) for frame in open_source(copy)] == [k / 10 for k in range(12)]
    assert server.get("/api/v1/video", params={"path": "recordings/frames"}).status_code == 404


def test_no_picture_of_a_sequence_lies_outside(
    server: RunningServer, frames: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for path in frames.glob("f?.png"):
        (elsewhere / path.name).write_bytes(path.read_bytes())
    mixed = server.data_folder / "mixed"
    mixed.mkdir()
    (mixed / "f0.png").write_bytes((frames / "f1.png").read_bytes())
    (mixed / "f1.png").symlink_to(elsewhere / "f1.png")
    (server.data_folder / "way-elsewhere").symlink_to(elsewhere)
    for number, uri in enumerate(
        [
            "mixed",
            "mixed/*.png",
            "mixed/f[0-9].png",
            str(elsewhere),
            f"{elsewhere}/*",
            "way-elsewhere",
            "way-elsewhere/*.png",
        ]
    ):
        for api in (True, False):
            key = f"outside {number} {api}"
            if api:
                job = {"module": "facemesh", "inputs": {"data": uri}, "outputs": {"landmarks": f"{key}.stream"}}
                answer = server.post("/api/v1/jobs", json={**job, "options": {"sequence_hz": 25}})
                assert answer.status_code == 400, uri
                assert "outside of the folders that jobs may use" in answer.text
            else:
                last = run(server, key, uri, {"sequence_hz": 25}, api=False)
                assert server.status(key) == 3
                assert "outside of the folders that jobs may use" in last
        looked = server.get("/api/v1/video", params={"path": uri, "sequence_hz": 25})
        assert looked.status_code == 404, uri
    assert not list(server.data_folder.glob("outside*"))


@pytest.mark.parametrize(
    ("uri", "options", "message"),
    [
        ("clip.mp4", {"from_s": "soon"}, "'soon' is not a time"),
        ("clip.mp4", {"from_s": 1, "to_s": 1}, "is empty"),
        ("clip.mp4", {"from_s": 100}, "there is no frame from 1:40.000"),
        ("clip.mp4", {"sequence_hz": 25}, "a file, where --sequence wants a folder of numbered pictures"),
        ("recordings/frames", {}, "a folder, where a picture or video was expected"),
        ("recordings/frames/x*.png", {"sequence_hz": 25}, "no picture fits this pattern"),
    ],
    ids=str,
)
def test_bad_input(server: RunningServer, frames: Path, uri: str, options: dict[str, Any], message: str) -> None:
    key = f"bad {uri} {options}".replace("/", "-").replace("*", "-")[:60]
    last = run(server, key, uri, options, api=False)
    assert server.status(key) == 3
    assert message in last
