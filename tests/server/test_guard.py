from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from facestream.server.guard import Guard
from facestream.server.settings import ServerOptions

HOME = {"host": "127.0.0.1:8080"}


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    body = await Request(scope, receive).body()
    await PlainTextResponse(f"{len(body)}")(scope, receive, send)


def ask(
    headers: dict[str, str],
    *,
    method: str = "POST",
    client: str = "127.0.0.1",
    body: bytes = b"",
    path: str = "/process",
    query: str = "",
    folder: Path = Path(),
    **options: Any,
) -> tuple[int, bytes]:
    """Status and body of the answer to one request."""
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": (client, 1),
    }
    sent: list[Message] = []
    parts: list[Message] = [{"type": "http.request", "body": body, "more_body": False}, {"type": "http.disconnect"}]

    async def receive() -> Message:
        return parts.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    settings = ServerOptions(data_dirs=(folder,), state_dir=folder.parent / "state", **options)
    asyncio.run(Guard(app, settings)(scope, receive, send))
    return sent[0]["status"], sent[1]["body"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8080", 200),
        ("localhost", 200),
        ("LOCALHOST:8080", 200),
        ("[::1]:8080", 200),
        ("192.168.7.7:8080", 200),
        ("evil.example", 421),
        ("localhost.evil.example:8080", 421),
        ("lab.example:8080", 421),
        ("", 421),
        ("[", 421),
    ],
)
def test_names_under_which_the_server_answers(host: str, status: int, folder: Path) -> None:
    assert ask({"host": host}, folder=folder)[0] == status


def test_another_name_is_allowed(folder: Path) -> None:
    assert ask({"host": "Lab.example:8080"}, folder=folder, allowed_hosts=("lab.EXAMPLE",))[0] == 200
    assert ask({"host": "other.example"}, folder=folder, allowed_hosts=("lab.example",))[0] == 421


@pytest.mark.parametrize(
    ("headers", "method", "status"),
    [
        ({"origin": "http://127.0.0.1:8080"}, "POST", 200),
        ({"origin": "http://evil.example"}, "POST", 403),
        ({"origin": "http://127.0.0.1:9999"}, "POST", 403),
        ({"origin": "null"}, "POST", 403),
        ({"origin": "http://evil.example"}, "DELETE", 403),
        ({"origin": "http://evil.example"}, "GET", 200),
        ({"sec-fetch-site": "cross-site"}, "POST", 403),
        ({"sec-fetch-site": "same-site"}, "POST", 403),
        ({"sec-fetch-site": "same-origin"}, "POST", 200),
        ({"sec-fetch-site": "none"}, "POST", 200),
    ],
)
def test_pages_of_other_sites(headers: dict[str, str], method: str, status: int, folder: Path) -> None:
    assert ask({**HOME, **headers}, method=method, folder=folder)[0] == status


def test_a_token(folder: Path) -> None:
    for sent, status in [({}, 401), ({"authorization": "Bearer no"}, 401), ({"authorization": "Bearer s3"}, 200)]:
        assert ask({**HOME, **sent}, folder=folder, token="s3")[0] == status
    assert ask({**HOME, "authorization": "Bearer ünï"}, folder=folder, token="s3")[0] == 401


def test_a_browser_shows_the_token_once(folder: Path) -> None:
    word = "s3 cret;ü"
    for sent, status in [("wrong", 401), ("", 401), (word, 303)]:
        query = urlencode({"token": sent})
        assert ask(HOME, method="GET", path="/", query=query, folder=folder, token=word)[0] == status
    cookie = {"cookie": f"a=b; facestream_token={quote(word, safe='')}"}
    assert ask({**HOME, **cookie}, folder=folder, token=word)[0] == 200
    assert ask({**HOME, "cookie": "facestream_token=wrong"}, folder=folder, token=word)[0] == 401
    assert ask({**HOME, **cookie, "origin": "http://evil.example"}, folder=folder, token=word)[0] == 403
    assert (
        ask(HOME, method="GET", path="/process", query=urlencode({"token": word}), folder=folder, token=word)[0] == 401
    )


def test_networks(folder: Path) -> None:
    trust: dict[str, Any] = {"trusted_networks": ("192.168.1.0/24",), "host": "0.0.0.0"}
    for client, status in [("192.168.1.7", 200), ("192.168.2.7", 401), ("127.0.0.1", 200), ("strange", 401)]:
        assert ask(HOME, client=client, folder=folder, **trust)[0] == status
    assert ask(HOME, client="127.0.0.1", folder=folder, token="s3", **trust)[0] == 401
    assert ask(HOME, client="192.168.1.7", folder=folder, token="s3", **trust)[0] == 200


def test_the_size_of_bodies(folder: Path) -> None:
    assert ask({**HOME, "content-length": "1000001"}, folder=folder, max_body_mb=1)[0] == 413
    assert ask({**HOME, "content-length": "-1"}, folder=folder, max_body_mb=1)[0] == 413
    assert ask({**HOME, "content-length": "many"}, folder=folder, max_body_mb=1)[0] == 413
    assert ask({**HOME, "content-length": "1000001"}, path="/upload", folder=folder, max_body_mb=1)[0] == 200
    assert ask(HOME, body=b"x" * 1_000_000, folder=folder, max_body_mb=1) == (200, b"1000000")
    assert ask(HOME, body=b"x" * 1_000_001, folder=folder, max_body_mb=1)[0] == 413
