"""The web page in a real Chromium."""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Dialog, FilePayload, Page, Request, Route, expect

from facestream import MeshOptions, extract, read_stream
from facestream.server.queue.store import JobStatus, JobStore
from tests.media.clips import numbered_frames, set_display_matrix, write_clip
from tests.server.running import RunningServer

SECONDS = 60_000
"""In milliseconds."""


def submit(server: RunningServer, key: str, clip: str, stream: str, **fields: str) -> None:
    entries = [
        {"src": "file:stream:video", "type": "input", "id": "data", "uri": clip},
        {"src": "file:stream:ssistream", "type": "output", "id": "landmarks", "uri": stream},
    ]
    form = {"jobID": key, "trainerFilePath": "facemesh/facemesh.trainer", "data": json.dumps(entries)}
    server.post("/process", data={**form, **fields})


@pytest.fixture(scope="module")
def seen(site: RunningServer, films: Path) -> str:
    """The viewer's address for the sample clip and its stream."""
    submit(site, "seen", "astronaut.mp4", "seen.stream")
    assert site.wait("seen") == 2
    return f"{site.url}/#/view?stream={films / 'seen.stream'}&video={films / 'astronaut.mp4'}"


def upload(page: Page, *names_and_contents: Any) -> None:
    """Choose files by their names and contents in turn."""
    pairs = zip(names_and_contents[::2], names_and_contents[1::2], strict=True)
    files: list[FilePayload] = [{"name": name, "mimeType": "video/mp4", "buffer": content} for name, content in pairs]
    page.set_input_files("#files", files)


def test_a_clip_from_its_upload_to_its_viewer(page: Page, site: RunningServer, films: Path, sample: Path) -> None:
    page.goto(site.url)
    upload(page, "My clip.mp4", sample.read_bytes())
    page.check("input[value=csv]")
    page.check("input[value=overlay]")
    page.get_by_role("button", name="Start", exact=True).click()
    row = page.locator("tr", has_text="My clip.mp4")
    expect(row).to_have_attribute("data-status", "finished", timeout=SECONDS)
    expect(page.locator(".sources li .name")).to_have_count(0)
    row.locator("summary").click()
    expect(row.locator(".downloads a")).to_have_text(
        ["My clip.facemesh.stream", "My clip.facemesh.stream~", "My clip.facemesh.csv", "My clip.facemesh.overlay.mp4"]
    )
    with page.expect_download() as download:
        row.locator(".downloads a").nth(2).click()
    assert Path(download.value.path()).read_bytes() == (films / "My clip.facemesh.csv").read_bytes()
    row.locator("a.button").click()
    expect(page.locator("canvas[data-frame='0']")).to_be_visible(timeout=SECONDS)
    expect(page.locator("main")).to_contain_text("My clip.mp4")
    expect(page.locator("output")).to_have_text("frame 1 of 150, 0.000 s, confidence 1.00")


def test_progress_moves_and_a_running_job_is_canceled(page: Page, site: RunningServer, films: Path) -> None:
    write_clip(films / "long.mp4", numbered_frames(8000))
    page.goto(site.url)
    page.click("text=Choose below the data folder")
    page.click(f"text={films.name}/")
    page.click("button:text-is('long.mp4')")
    page.get_by_role("button", name="Start", exact=True).click()
    row = page.locator("tr", has_text="long.mp4")
    expect(row).to_have_attribute("data-status", "running", timeout=SECONDS)
    bar = row.locator("progress")
    expect(bar).to_be_visible(timeout=SECONDS)
    first = float(bar.get_attribute("value") or 0)
    page.wait_for_function("value => document.querySelector('tr progress')?.value > value", arg=first, timeout=SECONDS)
    row.get_by_role("button", name="Cancel").click()
    expect(row).to_have_attribute("data-status", "canceled", timeout=5000)
    row.get_by_role("button", name="Log").click()
    expect(page.locator("pre.log")).to_contain_text("Canceled; no partial outputs were left.")
    row.get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)


def pixels(page: Page, what: str) -> npt.NDArray[np.uint8]:
    """The video, or what is drawn over it, as it is shown: (H, W, 4)."""
    url = page.evaluate(
        """what => {
            const shown = document.querySelector(what);
            const canvas = document.createElement("canvas");
            canvas.width = shown.videoWidth ?? shown.width;
            canvas.height = shown.videoHeight ?? shown.height;
            canvas.getContext("2d").drawImage(shown, 0, 0);
            return canvas.toDataURL("image/png");
        }""",
        what,
    )
    picture = Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))
    return np.asarray(picture.convert("RGBA"))


def seek(page: Page, frame: int) -> None:
    page.locator("input[type=range]").evaluate(
        "(slider, frame) => { slider.value = frame; slider.dispatchEvent(new Event('input')); }", frame
    )
    expect(page.locator(f"canvas[data-frame='{frame}']")).to_be_attached(timeout=SECONDS)


def test_the_mesh_lies_on_its_frame(page: Page, seen: str, films: Path, sample: Path) -> None:
    data = read_stream(films / "seen.stream").data
    with av.open(str(sample)) as clip:
        frames = [frame.to_ndarray(format="rgb24").astype(int) for frame in clip.decode(video=0)]
    page.goto(seen)
    expect(page.locator("canvas[data-frame='0']")).to_be_attached(timeout=SECONDS)
    page.get_by_label("Draw").select_option("points")
    for number in (10, 75, 140):
        seek(page, number)
        shown = pixels(page, "video")[..., :3].astype(int)
        near = range(number - 3, number + 4)
        assert min(near, key=lambda k: np.abs(frames[k] - shown).mean()) == number
        assert drawn_points_lie(page, data[number], (480, 360))


def drawn_points_lie(page: Page, row: npt.NDArray[Any], size: tuple[int, int]) -> bool:
    """Whether there is a point at each landmark of a row and nowhere else, within a pixel."""
    drawn = pixels(page, ".stage canvas")[..., 3] > 100
    points = row[:-1].reshape(-1, 2) * size[::-1]
    ys, xs = np.nonzero(drawn)
    distances = np.linalg.norm(np.stack([ys + 0.5, xs + 0.5], 1)[:, None] - points[None], axis=2)
    radius = 1.1 * max(size) / 640
    return bool(distances.min(axis=0).max() <= 1 and distances.min(axis=1).max() <= radius + 1)


def test_a_clip_that_its_header_turns(page: Page, site: RunningServer, films: Path, sample: Path) -> None:
    """A phone's: stored on its side, upright by its matrix; and the first frame comes at 1.3 s."""
    with av.open(str(sample)) as clip:
        frames = [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in clip.decode(video=0)][:20]
    stored = [np.ascontiguousarray(np.rot90(frame)) for frame in frames]
    times_s = [1.3 + k / 25 for k in range(20)]
    write_clip(films / "turned.mp4", stored, codec="libx264", codec_options={"bf": "0"}, timestamps_s=times_s)
    set_display_matrix(films / "turned.mp4", 0, 1, -1, 0)
    submit(site, "turned", "turned.mp4", "turned.stream")
    assert site.wait("turned") == 2
    row = read_stream(films / "turned.stream").data[12]
    assert row[-1] > 0.5
    page.goto(f"{site.url}/#/view?stream=turned.stream&video=turned.mp4")
    expect(page.locator("canvas[data-frame='0']")).to_be_attached(timeout=SECONDS)
    page.get_by_label("Draw").select_option("points")
    seek(page, 12)
    assert page.evaluate(
        "() => [document.querySelector('video').videoWidth, document.querySelector('video').videoHeight]"
    ) == [480, 360]
    shown = pixels(page, "video")[..., :3].astype(int)
    assert min(range(20), key=lambda k: np.abs(frames[k].astype(int) - shown).mean()) == 12
    assert drawn_points_lie(page, row, (480, 360))


def test_a_stream_on_a_clock_of_its_own(page: Page, site: RunningServer, films: Path) -> None:
    """As another program may write it: 10 rows a second for 30 frames a second."""
    extract(films / "astronaut.mp4", films / "slow.stream", MeshOptions(rate_hz=10))
    data = read_stream(films / "slow.stream").data
    assert len(data) == 50
    page.goto(f"{site.url}/#/view?stream=slow.stream&video=astronaut.mp4")
    expect(page.locator("canvas[data-frame='0']")).to_be_attached(timeout=SECONDS)
    page.get_by_label("Draw").select_option("points")
    for frame, row in ((60, 20), (91, 30), (149, 49)):
        seek(page, frame)
        assert drawn_points_lie(page, data[row], (480, 360))


def test_hevc_with_ten_bits(page: Page, site: RunningServer, films: Path, sample: Path) -> None:
    with av.open(str(sample)) as clip:
        frames = [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in clip.decode(video=0)][:20]
    write_clip(films / "ten.mp4", frames, codec="libx265", pix_fmt="yuv420p10le")
    submit(site, "ten", "ten.mp4", "ten.stream")
    assert site.wait("ten") == 2
    page.goto(f"{site.url}/#/view?stream=ten.stream&video=ten.mp4")
    expect(page.locator("canvas[data-frame='0']")).to_be_attached(timeout=SECONDS)
    page.get_by_label("Draw").select_option("points")
    seek(page, 12)
    shown = pixels(page, "video")[..., :3].astype(int)
    assert min(range(20), key=lambda k: np.abs(frames[k].astype(int) - shown).mean()) == 12
    assert drawn_points_lie(page, read_stream(films / "ten.stream").data[12], (480, 360))


def test_several_faces_have_numbers_and_boxes_are_drawn(page: Page, site: RunningServer, films: Path) -> None:
    with av.open(str(films / "short.mp4")) as clip:
        frame = np.asarray(next(clip.decode(video=0)).to_ndarray(format="rgb24"), np.uint8)
    Image.fromarray(np.concatenate([frame, frame], axis=1)).save(films / "two.png")
    jobs = [
        {"module": "facemesh", "inputs": {"data": "two.png"}, "outputs": {"landmarks": "two.stream"}},
        {"module": "blazeface", "inputs": {"video": "short.mp4"}, "outputs": {"bounding_box": "box.stream"}},
    ]
    site.post("/api/v1/jobs", json={**jobs[0], "options": {"num_faces": 2}})
    site.post("/api/v1/jobs", json=jobs[1])
    page.goto(site.url)
    row = page.locator("tr[data-status=finished]", has_text="two.png")
    row.locator("a.button").click(timeout=SECONDS)
    expect(page.locator("canvas[data-frame='0']")).to_be_visible(timeout=SECONDS)
    expect(page.locator("main")).to_contain_text("two.png, two.stream, two.face2.stream")
    drawn = pixels(page, ".stage canvas")[..., 3] > 100
    left, right = drawn[:, :480].sum(), drawn[:, 480:].sum()
    assert min(left, right) > 0.9 * max(left, right) > 1000
    page.goto(f"{site.url}/#/view?stream=box.stream&video=short.mp4")
    expect(page.locator("canvas[data-frame='0']")).to_be_visible(timeout=SECONDS)
    ys, xs = np.nonzero(pixels(page, ".stage canvas")[..., 3] > 100)
    top, left, bottom, right = read_stream(films / "box.stream").data[0, :4] * (360, 480, 360, 480)
    assert np.abs(np.array([ys.min(), xs.min(), ys.max(), xs.max()]) - (top, left, bottom, right)).max() < 3


def test_a_video_that_the_browser_cannot_play(page: Page, site: RunningServer, films: Path, sample: Path) -> None:
    """MPEG-4 in AVI, with timestamps that are not regular."""
    with av.open(str(sample)) as clip:
        frames = [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in clip.decode(video=0)][:40]
    times_s = [0.2 + k / 25 + (0.5 if k >= 20 else 0.0) for k in range(40)]
    write_clip(films / "old.mkv", frames, codec="mpeg4", timestamps_s=times_s)
    submit(site, "old", "old.mkv", "old.stream")
    assert site.wait("old") == 2
    page.goto(f"{site.url}/#/view?stream=old.stream&video=old.mkv")
    expect(page.get_by_text("what is shown is a copy of it, frame for frame")).to_be_visible(timeout=SECONDS)
    expect(page.locator("canvas[data-frame='0']")).to_be_attached(timeout=SECONDS)
    for number in (7, 19, 20, 33):
        seek(page, number)
        shown = pixels(page, "video")[..., :3].astype(int)
        assert min(range(40), key=lambda k: np.abs(frames[k].astype(int) - shown).mean()) == number
        expect(page.locator("output")).to_contain_text(
            f"frame {number + 1} of 40, {times_s[number] - times_s[0]:.3f} s"
        )


def test_steps_play_and_keys(page: Page, seen: str) -> None:
    page.goto(seen)
    told = page.locator("output")
    expect(told).to_contain_text("frame 1 of 150", timeout=SECONDS)
    page.click("text=Frame forward")
    expect(told).to_contain_text("frame 2 of 150, 0.033 s")
    page.click("text=Frame back")
    expect(told).to_contain_text("frame 1 of 150")
    page.focus("input[type=range]")
    page.keyboard.press("End")
    expect(told).to_contain_text("frame 150 of 150")
    page.keyboard.press("Home")
    page.get_by_label("Speed").select_option("2")
    page.click("text=Play")
    page.wait_for_function("() => Number(document.querySelector('.stage canvas').dataset.frame) > 20", timeout=SECONDS)
    page.click("text=Pause")
    with page.expect_download() as download:
        page.click("text=Save frame as PNG")
    with Image.open(download.value.path()) as saved:
        assert saved.size == (480, 360)
    assert download.value.suggested_filename.startswith("astronaut.mp4-")


def test_the_stream_is_never_fetched_whole(page: Page, seen: str) -> None:
    ranges: list[str | None] = []

    def note(request: Request) -> None:
        if "seen.stream%7E" in request.url:
            ranges.append(request.headers.get("range"))

    page.on("request", note)
    page.goto(seen)
    expect(page.locator("canvas[data-frame='0']")).to_be_attached(timeout=SECONDS)
    seek(page, 140)
    assert set(ranges) == {"bytes=0-239871", "bytes=479744-562199"}


def test_a_picture(page: Page, site: RunningServer, films: Path, astronaut: npt.NDArray[np.uint8]) -> None:
    Image.fromarray(astronaut).save(films / "face.png")
    submit(site, "picture", "face.png", "face.stream")
    assert site.wait("picture") == 2
    page.goto(f"{site.url}/#/view?stream=face.stream&video=face.png")
    expect(page.locator("output")).to_have_text("frame 1 of 1, 0.000 s, confidence 1.00", timeout=SECONDS)
    assert (pixels(page, ".stage canvas")[..., 3] > 100).sum() > 500
    Image.fromarray(astronaut).save(films / "face.tif")
    page.goto(f"{site.url}/#/view?stream=face.stream&video=face.tif")
    expect(page.get_by_text("cannot show pictures of this kind")).to_be_visible(timeout=SECONDS)


def test_a_server_that_is_killed_and_comes_again(page: Page, films: Path, tmp_path: Path) -> None:
    with RunningServer(films, tmp_path / "state") as server:
        submit(server, "before", "short.mp4", "before.stream")
        assert server.wait("before") == 2
        page.goto(server.url)
        expect(page.locator("tr[data-status=finished]")).to_have_count(1, timeout=SECONDS)
        port = server.url.rpartition(":")[2]
        server.kill()
        expect(page.locator("#announcement")).to_contain_text("The server does not answer", timeout=SECONDS)
        again = RunningServer(films, tmp_path / "state", "--port", port)
        with again:
            submit(again, "after", "short.mp4", "after.stream")
            expect(page.locator("tr[data-status=finished]")).to_have_count(2, timeout=SECONDS)
            expect(page.locator("#announcement")).to_be_empty()


def test_two_uploads_of_one_name(page: Page, site: RunningServer, films: Path, sample: Path) -> None:
    page.goto(site.url)
    short = (films / "short.mp4").read_bytes()
    upload(page, "twin.mp4", sample.read_bytes(), "twin.mp4", short)
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator("tr[data-status=finished]", has_text="twin.mp4")).to_have_count(2, timeout=SECONDS)
    counts = {len(read_stream(films / f"{name}.facemesh.stream").data) for name in ("twin", "twin-2")}
    assert counts == {150, 30}


def test_an_upload_that_breaks_off_goes_on(page: Page, site: RunningServer, films: Path) -> None:
    content = (films / "short.mp4").read_bytes() + bytes(9_000_000)
    patches: list[str] = []

    def break_second(route: Route) -> None:
        patches.append(route.request.url.rpartition("?")[2])
        if len(patches) == 2:
            route.abort()
        else:
            route.continue_()

    page.route("**/api/v1/uploads/*", break_second)
    page.goto(site.url)
    upload(page, "broken.mp4", content)
    page.get_by_role("button", name="Start", exact=True).click()
    source = page.locator(".sources li", has_text="broken.mp4")
    expect(source).to_contain_text("The upload broke off", timeout=SECONDS)
    page.get_by_role("button", name="Start", exact=True).click()
    row = page.locator("tr", has_text="broken.mp4")
    expect(row).to_have_attribute("data-status", "finished", timeout=SECONDS)
    parts = [text for text in patches if text.startswith("offset")]
    assert parts == ["offset=0", "offset=4194304", "offset=4194304", "offset=8388608"]


def test_pictures_of_the_views(page: Page, films: Path, sample: Path, tmp_path: Path, pictures: Path) -> None:
    with RunningServer(films, tmp_path / "state") as server:
        for key, clip in (("first", "astronaut.mp4"), ("second", "short.mp4"), ("third", "short.mp4")):
            submit(server, key, clip, f"pictures/{key}.stream", options='{"num_faces": 99}' if key == "third" else "")
            server.wait(key)
        page.goto(server.url)
        upload(page, "interview 07.mp4", sample.read_bytes())
        expect(page.locator("tr[data-status=error]")).to_be_visible(timeout=SECONDS)
        page.locator("main > section").nth(0).screenshot(path=pictures / "page-new-job.png")
        page.locator("main > section").nth(1).screenshot(path=pictures / "page-queue.png")
        page.locator("tr", has_text="astronaut.mp4").locator("a.button").click()
        expect(page.locator("canvas[data-frame='0']")).to_be_attached(timeout=SECONDS)
        seek(page, 40)
        page.locator("main").screenshot(path=pictures / "page-viewer.png")
    for name in ("new-job", "queue", "viewer"):
        with Image.open(pictures / f"page-{name}.png") as picture:
            assert picture.width > 1000


def test_the_page_behind_a_token(page: Page, films: Path, tmp_path: Path) -> None:
    with RunningServer(films, tmp_path / "state", "--token", "s3 cret") as server:
        answer = page.goto(server.url)
        assert answer is not None
        assert answer.status == 401
        expect(page.locator("body")).to_contain_text("in a browser, open /?token=TEXT once")
        page.goto(f"{server.url}/?token=s3+cret")
        assert page.url == f"{server.url}/"
        upload(page, "short.mp4", (films / "short.mp4").read_bytes())
        page.get_by_role("button", name="Start", exact=True).click()
        expect(page.locator("tr[data-status=finished]")).to_have_count(1, timeout=SECONDS)


def test_streams_and_videos_are_chosen(page: Page, site: RunningServer, seen: str, films: Path) -> None:
    page.goto(f"{site.url}/#/view")
    for name, number in (("seen.stream", 0), ("astronaut.mp4", 1)):
        browser = page.locator("main details").nth(number)
        browser.get_by_role("button", name=f"{films.name}/").click()
        browser.get_by_role("button", name=name, exact=True).click()
    page.get_by_role("button", name="Open").click()
    expect(page.locator("output")).to_contain_text("frame 1 of 150", timeout=SECONDS)


def test_a_full_disk(page: Page, films: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    is_root = os.geteuid() == 0 and shutil.which("mount") is not None
    if not is_root or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", disk], check=False).returncode:
        pytest.skip("only root can mount a small disk")
    try:
        with RunningServer(films, tmp_path / "state", "--tmp-dir", str(disk)) as server:
            page.goto(server.url)
            upload(page, "large.mp4", bytes(5_000_000))
            page.get_by_role("button", name="Start", exact=True).click()
            source = page.locator(".sources li", has_text="large.mp4")
            expect(source).to_contain_text("cannot be written (No space left on device)", timeout=SECONDS)
            page.get_by_role("button", name="Remove large.mp4").click()
            upload(page, "small.mp4", (films / "short.mp4").read_bytes())
            page.get_by_role("button", name="Start", exact=True).click()
            expect(page.locator("tr[data-status=finished]")).to_have_count(1, timeout=SECONDS)
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_queue_of_thousands(page: Page, films: Path, tmp_path: Path) -> None:
    store = JobStore(tmp_path / "state")
    for number in range(5000):
        store.submit(f"job {number}", {"jobID": f"job {number}", "name": f"clip {number}.mp4"}, lambda: None)
        store.move(f"job {number}", JobStatus.CANCELED)
    store.close()
    with RunningServer(films, tmp_path / "state") as server:
        page.goto(server.url)
        rows = page.locator("tbody tr")
        expect(rows).to_have_count(100, timeout=10_000)
        expect(page.locator("main")).to_contain_text("5000 canceled")
        expect(rows.first).to_contain_text("clip 4999.mp4")
        page.get_by_role("button", name="Older jobs").click()
        expect(rows).to_have_count(200)
        submit(server, "new", "short.mp4", "thousands.stream")
        expect(rows.first).to_have_attribute("data-status", "finished", timeout=SECONDS)
        expect(rows.nth(200)).to_contain_text("clip 4800.mp4")


EVIL = "<img src=x onerror=alert(1)>.mp4"


def test_names_and_logs_are_never_html(page: Page, site: RunningServer, films: Path) -> None:
    said: list[str] = []

    def note(dialog: Dialog) -> None:
        said.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", note)
    (films / EVIL).write_bytes((films / "short.mp4").read_bytes())
    submit(site, "<script>alert(2)</script>", EVIL, f"{EVIL}.stream")
    submit(site, "evil", "<b onclick=alert(3)>none</b>.mp4", "evil.stream")
    assert site.wait("evil") == 3
    page.goto(site.url)
    row = page.locator("tr", has_text=EVIL)
    expect(row).to_have_attribute("data-status", "finished", timeout=SECONDS)
    failed = page.locator("tr", has_text="<b onclick=alert(3)>")
    failed.get_by_role("button", name="Log").click()
    expect(page.locator("pre.log")).to_contain_text("<b onclick=alert(3)>none</b>.mp4")
    row.locator("a.button").click()
    expect(page.locator("output")).to_contain_text("frame 1 of", timeout=SECONDS)
    assert page.locator("img, script:not([src])").count() == 0
    assert said == []


def test_what_is_refused_is_said_beside_it(page: Page, site: RunningServer) -> None:
    page.goto(site.url)
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator(".form > div .problem")).to_have_text("Choose a video or picture first.")
    upload(page, "empty.mp4", b"", "text.mp4", b"no video at all")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator(".sources li", has_text="empty.mp4")).to_contain_text("The file is empty.")
    row = page.locator("tr", has_text="text.mp4")
    expect(row).to_have_attribute("data-status", "error", timeout=SECONDS)
    expect(row).to_contain_text("a text file, not a picture or video")
    page.goto(f"{site.url}/#/view?stream=absent.stream&video=short.mp4")
    expect(page.locator("[role=alert]")).to_contain_text("absent.stream: there is no such file in")


def test_why_there_is_no_picture_of_a_camera(page: Page, site: RunningServer) -> None:
    page.goto(f"{site.url}/#/live")
    start = page.get_by_role("button", name="Start camera")
    for error, told in [
        ("NotFoundError", "No camera was found."),
        ("NotAllowedError", "The browser was not allowed to use the camera."),
        ("NotReadableError", "The camera cannot be used (it sleeps)."),
    ]:
        page.evaluate(
            """name => {
                const value = { getUserMedia: () => Promise.reject(new DOMException("it sleeps", name)) };
                Object.defineProperty(navigator, "mediaDevices", { value, configurable: true });
            }""",
            error,
        )
        start.click()
        expect(page.locator("[role=alert]")).to_contain_text(told)
    # What a page of a plain address of a network finds.
    page.evaluate("() => Object.defineProperty(navigator, 'mediaDevices', { value: undefined })")
    start.click()
    expect(page.locator("[role=alert]")).to_contain_text("Start the server with --tls, and open it as https.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 390])
def test_axe_finds_nothing(page: Page, site: RunningServer, seen: str, scheme: Any, width: int) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    for address, there in [
        (site.url, "tr[data-status=finished]"),
        (seen, "canvas[data-frame='0']"),
        (f"{site.url}/#/view", "details button"),
        (f"{site.url}/#/live", "text=Start camera"),
    ]:
        page.goto(address)
        page.reload()
        expect(page.locator(there).first).to_be_visible(timeout=SECONDS)
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"
