"""The live camera, with a film in the place of Chromium's camera."""

from __future__ import annotations

import io
import json
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, Playwright, expect
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from facestream import FaceMeshPipeline, MeshOptions, extract, read_stream
from tests.server.page.conftest import BROWSERS
from tests.server.running import RunningServer

SECONDS = 60_000
FAKE_CAMERA = ["--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Path:
    """The sample clip as a film of JPEGs, 640 x 480."""
    path = tmp_path_factory.mktemp("camera") / "camera.mjpeg"
    with av.open(str(sample)) as reader, path.open("wb") as film:
        for frame in reader.decode(video=0):
            picture = Image.fromarray(frame.to_ndarray(format="rgb24")).resize((640, 480))
            picture.save(film, "JPEG", quality=90)
    return path


@pytest.fixture
def page(camera: Path, playwright: Playwright) -> Iterator[Page]:
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    arguments = [*FAKE_CAMERA, f"--use-file-for-fake-video-capture={camera}"]
    browser = playwright.chromium.launch(executable_path=path, args=arguments)
    yield browser.new_page(viewport={"width": 1000, "height": 900})
    browser.close()


def face_extents(films: Path) -> np.ndarray:
    """(frames, 4) left, right, top, bottom of the mesh in each frame of the sample, on 640 x 480."""
    extract(films / "astronaut.mp4", films / "camera.stream", MeshOptions())
    points = read_stream(films / "camera.stream").data[:, :-1].reshape(-1, 468, 2) * (480, 640)
    (top, left), (bottom, right) = points.min(axis=1).T, points.max(axis=1).T
    return np.stack([left, right, top, bottom], axis=1)


def test_meshes_come_back_and_a_recording_is_kept(page: Page, site: RunningServer, films: Path, pictures: Path) -> None:
    page.goto(f"{site.url}/#/live")
    page.get_by_role("button", name="Start camera").click()
    page.wait_for_function(
        "() => Number(document.querySelector('.stage canvas.mesh')?.dataset.answers) >= 30", timeout=SECONDS
    )
    canvas = page.locator(".stage canvas.mesh")
    answers, newest = (int(canvas.get_attribute(f"data-{name}") or 0) for name in ("answers", "newest"))
    assert answers <= newest
    expect(page.locator("output")).to_contain_text("frames/s")
    drawn = canvas.evaluate(
        """canvas => {
            const { data, width } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            const xs = [], ys = [];
            for (let k = 0; k < data.length / 4; k += 1) {
                if (data[4 * k + 3] > 100) { xs.push(k % width); ys.push(Math.floor(k / width)); }
            }
            const most = (all, choose) => all.reduce((a, b) => choose(a, b));
            return [xs, ys].flatMap(all => [most(all, Math.min), most(all, Math.max)]);
        }"""
    )
    distances = np.abs(face_extents(films) - np.array(drawn)).max(axis=1)
    assert distances.min() < 8, "the mesh lies where the face is in one of the frames"
    page.locator("main").screenshot(path=pictures / "page-live.png")
    page.get_by_label("Name of the recording").fill("recorded")
    page.get_by_role("button", name="Record", exact=True).click()
    expect(page.get_by_role("button", name="Stop recording")).to_be_visible(timeout=SECONDS)
    page.wait_for_timeout(2000)
    page.get_by_role("button", name="Stop recording").click()
    expect(page.get_by_text("rows were recorded in")).to_be_visible(timeout=SECONDS)
    stream = read_stream(films / "recorded.stream")
    assert stream.data.shape[1] == 937
    assert 30 < len(stream.data) < 120
    assert (stream.rate_hz, stream.size) == (25, (640, 480))
    assert (stream.data[5:, -1] > 0.5).all()
    page.get_by_role("button", name="Stop camera").click()
    expect(page.get_by_role("button", name="Start camera")).to_be_visible()


def jpeg(picture: np.ndarray) -> bytes:
    content = io.BytesIO()
    Image.fromarray(picture).save(content, "JPEG", quality=95)
    return content.getvalue()


def address(server: RunningServer) -> str:
    return server.url.replace("http:", "ws:") + "/api/v1/live"


def test_the_answer_is_the_mesh_of_the_picture(
    site: RunningServer, astronaut: np.ndarray, pipeline: FaceMeshPipeline
) -> None:
    content = jpeg(astronaut)
    with connect(address(site), max_size=None) as first, connect(address(site)) as second:
        for socket, number in ((first, 7), (second, 8)):
            socket.send(struct.pack("<I", number) + content)
        for socket, number in ((first, 7), (second, 8)):
            answer = socket.recv(timeout=120)
            assert isinstance(answer, bytes)
            assert struct.unpack("<I", answer[:4]) == (number,)
            row = np.frombuffer(answer[4:], "<f4")
            assert row.shape == (937,)
            with Image.open(io.BytesIO(content)) as picture:
                meshes = pipeline.process(np.asarray(picture))
            points = row[:-1].reshape(-1, 2)[:, ::-1] * (picture.width, picture.height)
            assert np.abs(points - meshes.landmarks[0, :, :2]).max() < 0.1


def test_the_newest_picture_wins(site: RunningServer, astronaut: np.ndarray) -> None:
    content = jpeg(astronaut)
    with connect(address(site)) as socket:
        socket.send(struct.pack("<I", 0) + content)
        socket.recv(timeout=120)
        for number in range(1, 61):
            socket.send(struct.pack("<I", number) + content)
        numbers: list[int] = []
        while not numbers or numbers[-1] != 60:
            answer = socket.recv(timeout=60)
            assert isinstance(answer, bytes)
            numbers.append(struct.unpack("<I", answer[:4])[0])
    assert numbers == sorted(numbers)
    assert len(numbers) < 60, "those that were overtaken are passed over"


def test_whoever_leaves_takes_no_answer_of_others(site: RunningServer, astronaut: np.ndarray) -> None:
    face, nobody = jpeg(astronaut), jpeg(np.full((480, 640, 3), 90, np.uint8))
    with connect(address(site)) as stays:
        for number in range(15):
            with connect(address(site)) as leaves:
                leaves.send(bytes(4) + face)
                stays.send(struct.pack("<I", number) + nobody)
            answer = stays.recv(timeout=120)
            assert isinstance(answer, bytes)
            assert answer == struct.pack("<I", number), "there is no face in it"


def test_a_recording_never_takes_the_place_of_a_file(site: RunningServer, films: Path) -> None:
    (films / "notes.stream").write_text("mine")
    with connect(address(site)) as socket:
        socket.send('{"record": "notes"}')
        assert "notes.stream: is there already" in json.loads(socket.recv(timeout=120))["problem"]
    assert (films / "notes.stream").read_text() == "mine"


@pytest.mark.parametrize(
    ("sent", "told"),
    [("new Uint8Array(20e6)", "which is too large"), ("new Uint8Array(99)", "that is no picture")],
)
def test_the_page_says_what_is_wrong_with_its_pictures(page: Page, site: RunningServer, sent: str, told: str) -> None:
    page.goto(f"{site.url}/#/live")
    page.evaluate(
        f"""() => {{
            const send = WebSocket.prototype.send;
            WebSocket.prototype.send = function () {{ send.call(this, {sent}); }};
        }}"""
    )
    page.get_by_role("button", name="Start camera").click()
    expect(page.locator("[role=alert]")).to_contain_text(told, timeout=SECONDS)
    assert site.status("nobody") == 0


@pytest.mark.parametrize("message", [bytes(4_000_001), bytes(20_000_000), "x" * 4_000_001])
def test_a_message_that_is_too_large_is_answered_with_the_reason(site: RunningServer, message: bytes | str) -> None:
    with connect(address(site)) as socket:
        socket.send(message)
        with pytest.raises(ConnectionClosedError):
            socket.recv(timeout=60)
        assert socket.close_code == 1009


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        (b"\0\0\0\0no picture", "that is no picture"),
        (b"", "that is no picture"),
        ("no JSON", "that is no message to a live camera"),
        ('{"record": "../outside"}', "outside of the folders that jobs may use"),
        ('{"record": "/etc/x"}', "outside of the folders that jobs may use"),
    ],
)
def test_messages_that_are_none(site: RunningServer, message: bytes | str, problem: str) -> None:
    with connect(address(site)) as socket:
        socket.send(message)
        answer = socket.recv(timeout=120)
        assert problem in json.loads(answer)["problem"]


def test_pictures_that_are_too_large(site: RunningServer) -> None:
    content = io.BytesIO()
    Image.new("L", (6000, 6000)).save(content, "JPEG")
    with connect(address(site)) as socket:
        socket.send(bytes(4) + content.getvalue())
        assert "6000 x 6000 pixels, where at most 8.3 megapixels" in json.loads(socket.recv(timeout=120))["problem"]
    with connect(address(site)) as socket:
        socket.send(bytes(20_000_000))
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=60)
    assert site.status("nobody") == 0


def test_other_sites_get_no_camera(site: RunningServer) -> None:
    with pytest.raises(InvalidStatus, match="403"):
        connect(address(site), origin=Origin("http://evil.example"))
