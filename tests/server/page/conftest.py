from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, sync_playwright

from tests.media.clips import remux
from tests.server.running import RunningServer

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """One for all browsers: a process can have no second one beside it."""
    with sync_playwright() as found:
        yield found


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """A real Chromium: an installed one, else that of playwright (``tools/install_browser.sh``)."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    found = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
    yield found
    found.close()


@pytest.fixture(scope="package")
def films(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Path:
    """A data folder with the sample clip, and one of a second."""
    folder = tmp_path_factory.mktemp("films")
    shutil.copy(sample, folder / "astronaut.mp4")
    remux(sample, folder / "short.mp4", num_packets=30)
    return folder


@pytest.fixture(scope="package")
def site(films: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(films, tmp_path_factory.mktemp("state")) as running:
        yield running


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where pictures of the page go: ``FACESTREAM_PICTURES=docs`` renews those of the documentation."""
    return Path(os.environ.get("FACESTREAM_PICTURES") or tmp_path)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A new page, on which no script may fail and nothing may be refused by the policy."""
    found = browser.new_page(viewport={"width": 1200, "height": 1000})
    errors: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if "Content Security" in message.text:
            errors.append(message.text)

    found.on("pageerror", lambda error: errors.append(str(error)))
    found.on("console", note)
    yield found
    found.close()
    assert errors == []
