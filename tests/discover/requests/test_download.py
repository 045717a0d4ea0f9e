"""Downloads, from a server of the test's own on loopback."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from facestream.discover.requests.download import Downloader, is_public
from facestream.errors import RequestError

CONTENT = bytes(range(256)) * 4000


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/onward.mp4":
            self.send_response(302)
            self.send_header("Location", "/clip.mp4")
            self.end_headers()
        elif path == "/circle":
            self.send_response(302)
            self.send_header("Location", "/circle")
            self.end_headers()
        elif path == "/to-file":
            self.send_response(302)
            self.send_header("Location", "file:///etc/passwd")
            self.end_headers()
        elif path in ("/clip.mp4", "/half.mp4", "/slow"):
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            try:
                for start in range(0, len(CONTENT) // (2 if path == "/half.mp4" else 1), 1 << 16):
                    self.wfile.write(CONTENT[start : start + (1 << 16)])
                    time.sleep(0.1 if path == "/slow" else 0)
            except OSError:
                """The client has gone."""
        else:
            self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


def anybody(_: str) -> bool:
    return True


@pytest.mark.parametrize("path", ["/clip.mp4", "/onward.mp4", "/clip.mp4?x=1"])
def test_a_file(server: str, path: str, tmp_path: Path) -> None:
    target = Downloader(may_connect=anybody)(server + path, tmp_path)
    assert target.read_bytes() == CONTENT
    assert target.suffix == ".mp4"
    assert target.parent == tmp_path


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/absent", "the server answers 404 Not Found"),
        ("/circle", "leads on more than 5 times"),
        ("/to-file", "file:///etc/passwd: only http:// and https:// can be downloaded"),
        ("/half.mp4", r"broke off|IncompleteRead"),
    ],
)
def test_what_cannot_be_had(server: str, path: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=message):
        Downloader(may_connect=anybody)(server + path, tmp_path)


def test_bounds(server: str, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="more than 1 MB"):
        Downloader(may_connect=anybody, max_bytes=1_000_000)(f"{server}/clip.mp4", tmp_path)
    with pytest.raises(RequestError, match="takes too long to download"):
        Downloader(may_connect=anybody, max_seconds=0.3)(f"{server}/slow", tmp_path)


def test_nothing_from_inside_a_network(server: str, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"127\.0\.0\.1: not a public address; nothing is downloaded from inside"):
        Downloader()(f"{server}/clip.mp4", tmp_path)
    for url in ("http://localhost/a", "http://[::1]/a", "http://0.0.0.0/a", "http://2130706433/a"):
        with pytest.raises(RequestError, match=r"not a public address|cannot be downloaded"):
            Downloader()(url, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://example.org/a", "http:///a", "http://me:pw@example.org/", "x"]
)
def test_what_is_no_address_of_the_web(url: str, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="only http:// and https:// can be downloaded"):
        Downloader()(url, tmp_path)


def test_public_addresses() -> None:
    assert all(map(is_public, ["8.8.8.8", "2001:4860:4860::8888"]))
    private = ["127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "::1", "fe80::1%eth0", "fc00::1", "0.0.0.0"]
    private += ["224.0.0.1", "100.64.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1"]
    assert not any(map(is_public, private))
