"""Run the server until it is asked to stop."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from facestream.errors import FacestreamError, OptionError
from facestream.server.app import create_app
from facestream.server.live.cameras import MAX_READ_BYTES
from facestream.server.service import JobService
from facestream.server.settings import ServerOptions

__all__ = ["run_server"]

SECONDS_TO_FINISH = 2
"""How long responses in progress may take when the server is asked to stop."""


def run_server(options: ServerOptions, tell: Callable[[str], None]) -> None:
    """Run the server; ``tell`` is called with its addresses once it listens.

    Raises:
        OptionError: an address cannot be listened on, or the certificate cannot be used.
        FacestreamError: the queue cannot be kept, or another server has it.
    """
    with ExitStack() as cleanup:
        endpoints = _open_endpoints(options, cleanup)
        service = JobService(options)
        app = create_app(service)
        servers: list[_Server] = []
        for endpoint in endpoints:
            # The workers are started and stopped once, with the first address.
            config = uvicorn.Config(
                app,
                lifespan="off" if servers else "on",
                log_level="warning",
                access_log=False,
                server_header=False,
                ws_max_size=MAX_READ_BYTES,
                timeout_graceful_shutdown=SECONDS_TO_FINISH,
                **endpoint.certificate,
            )
            servers.append(_Server(config))
        folders = ", ".join(str(folder.resolve()) for folder in options.data_dirs)
        tell(f"facestream serves {' and '.join(endpoint.url for endpoint in endpoints)} ; jobs use {folders}")
        asyncio.run(_serve(servers, [endpoint.listener for endpoint in endpoints]))


async def _serve(servers: list[_Server], listeners: list[socket.socket]) -> None:
    def stop() -> None:
        for server in servers:
            server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: stop())
    try:
        await asyncio.gather(
            *(server.serve(sockets=[listener]) for server, listener in zip(servers, listeners, strict=True))
        )
    finally:
        stop()


class _Server(uvicorn.Server):
    """One of several servers in a process, which handle signals together."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """An address where the server listens."""

    listener: socket.socket
    url: str
    certificate: dict[str, Any]


def _open_endpoints(options: ServerOptions, cleanup: ExitStack) -> list[_Endpoint]:
    """Listen for http, https, or both."""
    wants_tls = options.tls or options.tls_port is not None
    certificate = _certificate(options) if wants_tls else {}
    ports = [(options.port, certificate if options.tls and options.tls_port is None else {})]
    if options.tls_port is not None:
        ports.append((options.tls_port, certificate))
    endpoints = []
    for port, endpoint_certificate in ports:
        listener = _listen(options.host, port)
        cleanup.callback(listener.close)
        host, bound_port = listener.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        scheme = "https" if endpoint_certificate else "http"
        endpoints.append(_Endpoint(listener, f"{scheme}://{shown}:{bound_port}/", endpoint_certificate))
    return endpoints


def _listen(host: str, port: int) -> socket.socket:
    listener = None
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # asyncio disables Nagle's algorithm only if the protocol is named. Otherwise each small response takes 40 ms.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(256)
    except OSError as error:
        if listener is not None:
            listener.close()
        raise OptionError(
            f"{host}:{port}: cannot be listened on ({error.strerror or error}); choose another --port, or "
            "stop what has it"
        ) from error
    return listener


def _certificate(options: ServerOptions) -> dict[str, Any]:
    """Return the given certificate, or a self-signed one."""
    import ssl

    from facestream.server.certificate import own_certificate

    if options.certfile is not None and options.keyfile is not None:
        paths: tuple[Path, Path] = (options.certfile, options.keyfile)
    else:
        folder = options.state_folder
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            paths = own_certificate(folder, [options.host, *options.allowed_hosts])
        except OSError as error:
            raise FacestreamError(f"{folder}: no certificate can be kept there ({error.strerror or error})") from error
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*paths)
    except (OSError, ssl.SSLError) as error:
        raise OptionError(f"--certfile {paths[0]}, --keyfile {paths[1]}: cannot be used ({error})") from error
    return {"ssl_certfile": str(paths[0]), "ssl_keyfile": str(paths[1])}
