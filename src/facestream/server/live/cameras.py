"""Live cameras over WebSockets. For each visitor, only the newest picture is processed."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import logging
import os
import sys
import time
from typing import Any

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from facestream.discover.folders import JobFolders
from facestream.errors import RequestError
from facestream.server.settings import ServerOptions

__all__ = ["MAX_READ_BYTES", "LiveCameras"]

_log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "facestream.server.live.worker")
SECONDS_TO_START, SECONDS_TO_ANSWER = 120.0, 10.0
LINE_BYTES = 1 << 16

MAX_BYTES = 4_000_000
"""The size of the largest message that is accepted."""

MAX_READ_BYTES = 8 * MAX_BYTES
"""A message up to this size is read to its end before it is refused. The connection of a larger one is cut at once, and
then the browser often does not learn the reason."""

MESSAGE_TOO_BIG = 1009
"""Close code of RFC 6455, section 7.4.1."""

SEQUENCE_BYTES = 4
"""The size of the number before each picture and each answer, by which the page matches them."""


class LiveCameras:
    """All visitors, and the process that finds their faces, which runs while there are visitors."""

    def __init__(self, options: ServerOptions) -> None:
        self._folders = JobFolders(options.data_dirs)
        self._environment = dict(os.environ)
        if options.cache_dir is not None:
            self._environment["FACESTREAM_CACHE"] = str(options.cache_dir.absolute())
        self._turn = asyncio.Lock()
        """Held during an exchange with the process, so that visitors take turns."""
        self._exchanges = set[asyncio.Task[tuple[dict[str, Any], bytes]]]()
        self._process: asyncio.subprocess.Process | None = None
        self._numbers = itertools.count(1)
        self._num_visitors = 0

    def routes(self) -> list[WebSocketRoute]:
        return [WebSocketRoute("/api/v1/live", self._serve)]

    async def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _serve(self, socket: WebSocket) -> None:
        await socket.accept()
        self._num_visitors += 1
        visitor = _Visitor(next(self._numbers), socket)
        answering = asyncio.create_task(self._answer(visitor))
        try:
            while True:
                message = await socket.receive()
                if message["type"] == "websocket.disconnect":
                    return
                if len(message.get("bytes") or message.get("text") or "") > MAX_BYTES:
                    await socket.close(MESSAGE_TOO_BIG)
                    return
                if message.get("bytes") is not None:
                    visitor.take(message["bytes"])
                elif message.get("text") is not None:
                    await self._heed(visitor, message["text"])
        except (WebSocketDisconnect, RuntimeError):
            _log.debug("a visitor of the live camera is gone")
        finally:
            answering.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await answering
            if self._process is not None:
                with contextlib.suppress(RequestError):
                    await self._ask({"kind": "stop", "visitor": visitor.number})
            self._num_visitors -= 1
            if not self._num_visitors:
                await self.close()

    async def _answer(self, visitor: _Visitor) -> None:
        """Answer the newest picture in a loop."""
        while True:
            picture = await visitor.newest()
            try:
                answer, rows = await self._ask({"kind": "frame", "visitor": visitor.number}, picture[SEQUENCE_BYTES:])
            except RequestError as error:
                await visitor.tell(problem=str(error))
                continue
            if answer["kind"] == "mesh":
                await visitor.socket.send_bytes(picture[:SEQUENCE_BYTES] + rows)
            else:
                await visitor.tell(problem=answer["text"])

    async def _heed(self, visitor: _Visitor, text: str) -> None:
        """Start or stop a recording."""
        try:
            wanted = json.loads(text)
            name = wanted.get("record") if isinstance(wanted, dict) else None
            command: dict[str, Any] = {"kind": "stop", "visitor": visitor.number}
            if isinstance(name, str):
                name = name if name.endswith(".stream") else f"{name}.stream"
                path = self._folders.place_output(name)
                if path.exists():
                    raise RequestError(f"{name}: is there already; give the recording another name")
                command |= {"kind": "record", "path": str(path)}
            answer, _ = await self._ask(command)
        except RequestError as error:
            await visitor.tell(problem=str(error))
        except (ValueError, RecursionError):
            await visitor.tell(problem="that is no message to a live camera")
        else:
            told = {name: answer[name] for name in ("path", "num_rows") if name in answer}
            problem = {"problem": answer["text"]} if answer["kind"] == "problem" else {}
            await visitor.tell(state=answer["kind"], **told, **problem)

    async def _ask(self, command: dict[str, Any], content: bytes = b"") -> tuple[dict[str, Any], bytes]:
        """Send a command to the process, which is restarted if it has died.

        Raises:
            RequestError: it cannot answer.
        """
        # Each answer is read even if its visitor has left. Otherwise the next visitor would get it.
        exchange = asyncio.create_task(self._exchange(command, content))
        self._exchanges.add(exchange)
        exchange.add_done_callback(self._exchanges.discard)
        return await asyncio.shield(exchange)

    async def _exchange(self, command: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
        async with self._turn:
            process = await self._ready_process()
            assert process.stdin is not None
            assert process.stdout is not None
            line = json.dumps({**command, "time_s": time.monotonic(), "num_bytes": len(content)}).encode() + b"\n"
            try:
                process.stdin.write(line + content)
                await process.stdin.drain()
                return await asyncio.wait_for(_read_answer(process.stdout), SECONDS_TO_ANSWER)
            except (OSError, EOFError, TimeoutError, ValueError) as error:
                await self.close()
                raise RequestError("the process that finds faces ended; it is started again") from error

    async def _ready_process(self) -> asyncio.subprocess.Process:
        if self._process is not None and self._process.returncode is None:
            return self._process
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            *COMMAND, stdin=pipe, stdout=pipe, limit=LINE_BYTES, env=self._environment
        )
        assert self._process.stdout is not None
        try:
            await asyncio.wait_for(_read_answer(self._process.stdout), SECONDS_TO_START)
        except (EOFError, TimeoutError, ValueError) as error:
            await self.close()
            raise RequestError(
                "the process that finds faces cannot be started; the server's output says why"
            ) from error
        return self._process


class _Visitor:
    """A page with a camera."""

    def __init__(self, number: int, socket: WebSocket) -> None:
        self.number = number
        self.socket = socket
        self._newest: bytes | None = None
        self._has_come = asyncio.Event()

    def take(self, picture: bytes) -> None:
        """Take a picture. An older one that is still waiting is dropped."""
        self._newest = picture
        self._has_come.set()

    async def newest(self) -> bytes:
        await self._has_come.wait()
        self._has_come.clear()
        picture, self._newest = self._newest, None
        return picture or b""

    async def tell(self, **values: Any) -> None:
        await self.socket.send_text(json.dumps(values))


async def _read_answer(pipe: asyncio.StreamReader) -> tuple[dict[str, Any], bytes]:
    line = await pipe.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    answer: dict[str, Any] = json.loads(line)
    return answer, await pipe.readexactly(answer["num_bytes"])
