"""The page with animated pictures, numbered pictures and parts of clips."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from facestream import MeshOptions, extract, read_stream
from facestream.media.source import open_source
from tests.server.page.test_page import SECONDS, drawn_points_lie, pixels, seek
from tests.server.running import RunningServer


@pytest.fixture(scope="module")
def frames(films: Path) -> Path:
    """Every tenth frame of the sample as numbered pictures."""
    folder = films / "recordings" / "frames"
    folder.mkdir(parents=True)
    for number, frame in enumerate(islice(open_source(films / "astronaut.mp4"), 0, 100, 10), 1):
        Image.fromarray(frame.image).save(folder / f"f{number}.png")
    return folder


def show(page: Page, site: RunningServer, stream: str, video: str) -> None:
    page.goto(f"{site.url}/#/view?stream={stream}&video={video}")
    expect(page.locator("canvas[data-frame='0']")).to_be_attached(timeout=SECONDS)
    page.get_by_label("Draw").select_option("points")


@pytest.mark.parametrize("rate_hz", [None, 10])
def test_a_part_lies_on_its_frames(page: Page, site: RunningServer, films: Path, rate_hz: int | None) -> None:
    name = f"part{rate_hz}.stream"
    extract(films / "astronaut.mp4", films / name, MeshOptions(from_s=2.0, to_s=4.0, rate_hz=rate_hz))
    data = read_stream(films / name).data
    show(page, site, name, "astronaut.mp4")
    expect(page.locator("output")).to_contain_text("no face")
    step = 3 if rate_hz else 1
    for frame in (60, 90, 117):
        seek(page, frame)
        assert drawn_points_lie(page, data[(frame - 60) // step], (480, 360))
    seek(page, 130)
    expect(page.locator("output")).to_contain_text("no face")


def test_an_animated_picture_is_a_film(page: Page, site: RunningServer, films: Path, frames: Path) -> None:
    first, *others = (Image.open(frames / f"f{number}.png") for number in (1, 5, 10))
    first.save(films / "moving.webp", save_all=True, append_images=others, duration=[300, 500, 300], lossless=True)
    extract(films / "moving.webp", films / "moving.stream")
    show(page, site, "moving.stream", "moving.webp")
    for frame, number in ((1, 5), (2, 10)):
        seek(page, frame)
        shown = pixels(page, "video")[..., :3].astype(int)
        wanted = np.asarray(Image.open(frames / f"f{number}.png").convert("RGB")).astype(int)
        assert np.abs(shown - wanted).mean() < 6
        assert drawn_points_lie(page, read_stream(films / "moving.stream").data[frame], (480, 360))


def test_numbered_pictures_from_the_form_to_the_viewer(
    page: Page, site: RunningServer, films: Path, frames: Path, pictures: Path
) -> None:
    page.goto(site.url)
    page.get_by_text("Choose below the data folder").click()
    page.get_by_role("button", name=films.name + "/").first.click()
    page.get_by_role("button", name="recordings/").click()
    page.get_by_role("button", name="frames/").click()
    page.get_by_role("button", name="All pictures of this folder as one clip").click()
    page.get_by_label("Numbered pictures a second").fill("10")
    page.get_by_label("To", exact=True).fill("0:00.8")
    page.locator("main > section").nth(0).screenshot(path=pictures / "page-sequence.png")
    page.get_by_role("button", name="Start", exact=True).click()
    row = page.locator("tr", has_text="frames")
    expect(row.locator("a.button")).to_be_visible(timeout=SECONDS)
    stream = read_stream(films / "recordings" / "frames.facemesh.stream")
    assert (len(stream.data), stream.rate_hz) == (8, 10)
    row.locator("a.button").click()
    expect(page.locator("canvas[data-frame='0']")).to_be_attached(timeout=SECONDS)
    page.get_by_label("Draw").select_option("points")
    seek(page, 4)
    assert drawn_points_lie(page, stream.data[4], (480, 360))


def test_a_time_that_is_none_is_said_beside_the_file(page: Page, site: RunningServer, films: Path) -> None:
    page.goto(site.url)
    page.set_input_files("#files", [films / "short.mp4"])
    page.get_by_label("From", exact=True).fill("soon")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator("main > section").nth(1)).to_contain_text("'soon' is not a time", timeout=SECONDS)
