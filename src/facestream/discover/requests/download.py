"""Download files for a job, limited in size and time, from public addresses only."""

from __future__ import annotations

import http.client
import ipaddress
import re
import secrets
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urljoin, urlsplit

from facestream.errors import RequestError

__all__ = ["Downloader", "is_public"]

MAX_REDIRECTS = 5
SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}")
BLOCK_BYTES = 1 << 18


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    ip = mapped or ip
    return ip.is_global and not ip.is_multicast


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloader:
    """Downloads http and https URLs to a folder. The connection uses exactly the address that was checked."""

    max_bytes: int = 4_000_000_000
    max_seconds: float = 600.0
    may_connect: Callable[[str], bool] = field(default=is_public)

    def __call__(self, url: str, folder: Path) -> Path:
        """Download a file.

        Raises:
            RequestError: it cannot be had, is too large or too slow, or lies where nothing may be fetched from.
        """
        deadline = time.monotonic() + self.max_seconds
        suffix = Path(urlsplit(url).path).suffix
        target = folder / f"{secrets.token_hex(8)}{suffix if SUFFIX.fullmatch(suffix) else ''}"
        try:
            for _ in range(1 + MAX_REDIRECTS):
                onward = self._fetch(url, target, deadline)
                if onward is None:
                    return target
                url = urljoin(url, onward)
        except (OSError, http.client.HTTPException, ValueError) as error:
            if isinstance(error, RequestError):
                raise
            raise RequestError(f"{url[:200]}: cannot be downloaded ({error})") from error
        raise RequestError(f"{url[:200]}: leads on more than {MAX_REDIRECTS} times")

    def _fetch(self, url: str, target: Path, deadline: float) -> str | None:
        """Request one URL; return the target of a redirect, if any."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
            raise RequestError(f"{url[:200]}: only http:// and https:// can be downloaded")
        connection = self._connect(parts, deadline)
        try:
            path = parts.path or "/"
            connection.request("GET", f"{path}?{parts.query}" if parts.query else path, headers={"Host": parts.netloc})
            response = connection.getresponse()
            onward = response.getheader("Location")
            if 300 <= response.status < 400 and onward:
                return onward
            if response.status != http.client.OK:
                raise RequestError(f"{url[:200]}: the server answers {response.status} {response.reason}")
            self._save(response, url, target, deadline)
        finally:
            connection.close()
        return None

    def _connect(self, parts: SplitResult, deadline: float) -> http.client.HTTPConnection:
        """Connect to a permitted address of a host."""
        host, is_tls = parts.hostname or "", parts.scheme == "https"
        port = parts.port or (443 if is_tls else 80)
        addresses = [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        if not addresses or not all(map(self.may_connect, addresses)):
            raise RequestError(f"{host}: not a public address; nothing is downloaded from inside a network")
        sock = socket.create_connection((addresses[0], port), timeout=_seconds_left(deadline, host))
        if is_tls:
            sock = ssl.create_default_context().wrap_socket(sock, server_hostname=host)
        connection = http.client.HTTPConnection(host, port)
        connection.sock = sock
        return connection

    def _save(self, response: http.client.HTTPResponse, url: str, target: Path, deadline: float) -> None:
        num_bytes = 0
        with target.open("wb") as file:
            while block := response.read1(BLOCK_BYTES):
                num_bytes += len(block)
                if num_bytes > self.max_bytes:
                    raise RequestError(f"{url[:200]}: more than {self.max_bytes / 1e6:.0f} MB")
                _seconds_left(deadline, url)
                file.write(block)
        declared = response.getheader("Content-Length")
        if declared is not None and num_bytes != int(declared):
            raise RequestError(f"{url[:200]}: broke off after {num_bytes} of {declared} bytes")


def _seconds_left(deadline: float, what: str) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise RequestError(f"{what[:200]}: takes too long to download")
    return left
