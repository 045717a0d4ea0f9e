"""Access control: host names, origins of forms, tokens, and the size of request bodies."""

from __future__ import annotations

import hmac
import ipaddress
from urllib.parse import parse_qs, quote, unquote, urlsplit

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from facestream.server.settings import ServerOptions, is_loopback

__all__ = ["Guard"]

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
FOREIGN_SITES = ("cross-site", "same-site")
COOKIE = "facestream_token"
UPLOAD_PATHS = ("/upload",)


class Guard:
    """Rejects requests before their body is read."""

    def __init__(self, app: ASGIApp, options: ServerOptions) -> None:
        self._app = app
        self._options = options
        self._names = {"localhost", options.host.lower(), *(name.lower() for name in options.allowed_hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        limit = self._limit(scope["path"])
        declared = headers.get("content-length", "0")
        if not declared.isdecimal() or int(declared) > limit:
            await _too_large(limit)(scope, receive, send)
            return
        try:
            await self._app(scope, _Bounded(receive, limit), send)
        except _BodyTooLargeError:
            await _too_large(limit)(scope, receive, send)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        host = headers.get("host", "")
        if not self._is_own_name(host):
            return _refuse(421, "this server does not answer under that name; --allowed-host NAME would let it")
        if scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS:
            origin = headers.get("origin")
            is_foreign = origin is not None and origin.lower().partition("://")[2] != host.lower()
            if is_foreign or headers.get("sec-fetch-site") in FOREIGN_SITES:
                return _refuse(403, "pages of other sites may not send anything here")
        if self._logs_in(scope):
            return self._welcome(scope)
        if not self._is_allowed(scope, headers):
            return _refuse(
                401,
                "a token is needed: Authorization: Bearer TEXT; in a browser, open /?token=TEXT once",
                {"WWW-Authenticate": "Bearer"},
            )
        return None

    def _logs_in(self, scope: Scope) -> bool:
        """Whether a browser sends the token, which it can do by itself only as a cookie."""
        if self._options.token is None or scope["type"] != "http" or scope["path"] != "/":
            return False
        sent = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        return _is_equal(sent, self._options.token)

    def _welcome(self, scope: Scope) -> Response:
        """Redirect to the page without the token in its address. Scripts cannot read the cookie, and other sites cannot
        send it."""
        answer = RedirectResponse("/", 303)
        answer.set_cookie(
            COOKIE,
            quote(self._options.token or "", safe=""),
            httponly=True,
            samesite="strict",
            secure=scope.get("scheme") == "https",
        )
        return answer

    def _is_own_name(self, host: str) -> bool:
        """Anybody can make a name resolve to this server (DNS rebinding), but not an address."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        try:
            ipaddress.ip_address(name.partition("%")[0])
        except ValueError:
            return name.lower() in self._names
        return True

    def _is_allowed(self, scope: Scope, headers: Headers) -> bool:
        client = (scope.get("client") or ("", 0))[0]
        if self._options.token is None and not self._options.trusted_networks:
            return True
        if self._options.token is not None and (
            _is_equal(headers.get("authorization", ""), f"Bearer {self._options.token}")
            or _is_equal(unquote(cookie_parser(headers.get("cookie", "")).get(COOKIE, "")), self._options.token)
        ):
            return True
        try:
            address = ipaddress.ip_address(client)
        except ValueError:
            return False
        is_near = self._options.token is None and is_loopback(client)
        return is_near or any(address in network for network in self._options.networks)

    def _limit(self, path: str) -> int:
        megabytes = self._options.max_upload_mb if path in UPLOAD_PATHS else self._options.max_body_mb
        return megabytes * 1_000_000


class _BodyTooLargeError(Exception):
    """The body is longer than declared or allowed."""


class _Bounded:
    """Limits how much of a body is read."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._left = limit

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                raise _BodyTooLargeError
        return message


def _is_equal(sent: str, wanted: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(sent.encode("utf-8", "replace"), wanted.encode("utf-8", "replace"))


def _too_large(limit: int) -> Response:
    return _refuse(413, f"the body is larger than {limit // 10**6} MB")


def _refuse(status: int, text: str, headers: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(f"{text}\n", status, headers)
