"""The live-camera page in a real Chromium, on the same machine as the server."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Any

import av
from PIL import Image
from playwright.sync_api import sync_playwright

__all__ = ["measure_live_page"]

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WARM_UP_S = 5.0
SIZE = (640, 480)


def measure_live_page(url: str, clip: Path, folder: Path, seconds: float) -> dict[str, Any]:
    """Return frames per second, the median latency from picture to mesh in ms, and Chromium's share of all cores."""
    film = _film(clip, folder / "camera.mjpeg")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    arguments = ["--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=[*arguments, f"--use-file-for-fake-video-capture={film}"]
        )
        page = browser.new_page()
        page.goto(f"{url}/#/live")
        page.get_by_role("button", name="Start camera").click()
        page.wait_for_function(
            "() => Number(document.querySelector('.stage canvas.mesh')?.dataset.answers) > 10", timeout=120_000
        )
        time.sleep(WARM_UP_S)
        answers, cpu_s, started = _answers(page), _chromium_cpu_s(), time.perf_counter()
        time.sleep(seconds)
        took = time.perf_counter() - started
        fps = (_answers(page) - answers) / took
        share = (_chromium_cpu_s() - cpu_s) / took / (os.cpu_count() or 1)
        text = page.inner_text("output")
        browser.close()
    return {"fps": fps, "latency_ms": float(text.partition(", ")[2].partition(" ms")[0]), "chromium_share": share}


def _answers(page: Any) -> int:
    return int(page.locator(".stage canvas.mesh").get_attribute("data-answers"))


def _film(clip: Path, target: Path) -> Path:
    with av.open(str(clip)) as reader, target.open("wb") as film:
        for frame in reader.decode(video=0):
            Image.fromarray(frame.to_ndarray(format="rgb24")).resize(SIZE).save(film, "JPEG", quality=90)
    return target


def _chromium_cpu_s() -> float:
    """Return the CPU time of all Chromium processes so far."""
    ticks = 0
    for process in Path("/proc").iterdir():
        try:
            if not process.name.isdecimal() or b"chrom" not in (process / "cmdline").read_bytes().partition(b"\0")[0]:
                continue
            fields = (process / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
