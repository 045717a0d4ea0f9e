#!/usr/bin/env python3
"""Simulate many clients of a job server in one process, over connections that stay open, as NOVA's do.

    python benchmarks/load.py PORT --clients 50 --seconds 20 [--every 1] KEY

Each client requests the status of a job as fast as responses arrive. With ``--every``, it requests status and log once
in this many seconds. Prints the response times as JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import time
from urllib.parse import urlencode

HOST = "127.0.0.1"


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, body: str) -> bytes:
    """Post a form over a connection that stays open, and return the body of the response."""
    writer.write(
        f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
    )
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200 "):
        raise RuntimeError(head.decode("latin-1").partition("\r\n")[0])
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return await reader.readexactly(int(lengths[0].partition(b":")[2]))


async def client(port: int, key: str, end_s: float, every_s: float | None) -> list[float]:
    """Run a client and return its response times in seconds."""
    reader, writer = await asyncio.open_connection(HOST, port)
    seconds = []
    body = urlencode({"jobID": key})
    if every_s is not None:
        # Spread the clients over the interval.
        await asyncio.sleep(random.random() * every_s)  # noqa: S311
    while (round_s := time.perf_counter()) < end_s:
        for path in ("/job_status",) if every_s is None else ("/job_status", "/log"):
            started = time.perf_counter()
            await ask(reader, writer, path, body)
            seconds.append(time.perf_counter() - started)
        if every_s is not None:
            await asyncio.sleep(max(0.0, round_s + every_s - time.perf_counter()))
    writer.close()
    return seconds


async def run(port: int, key: str, num_clients: int, seconds: float, every_s: float | None) -> dict[str, float]:
    started = time.perf_counter()
    answers = await asyncio.gather(*(client(port, key, started + seconds, every_s) for _ in range(num_clients)))
    took = time.perf_counter() - started
    every = sorted(second for one in answers for second in one)
    return {
        "answers": len(every),
        "per_second": len(every) / took,
        "median_ms": every[len(every) // 2] * 1000,
        "p99_ms": every[min(len(every) - 1, int(len(every) * 0.99))] * 1000,
        "max_ms": every[-1] * 1000,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Request the status of a job from a job server, with many clients.")
    parser.add_argument("port", type=int)
    parser.add_argument("key", help="the job")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--every", type=float, help="interval in seconds (default: as fast as responses arrive)")
    arguments = parser.parse_args()
    found = run(arguments.port, arguments.key, arguments.clients, arguments.seconds, arguments.every)
    print(json.dumps(asyncio.run(found)))


if __name__ == "__main__":
    main()
