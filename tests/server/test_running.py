"""Where the server listens."""

from __future__ import annotations

import socket
from contextlib import closing

import pytest

from facestream.errors import OptionError
from facestream.server.running import _listen


def test_small_answers_are_sent_at_once() -> None:
    """asyncio sets TCP_NODELAY only on sockets whose protocol is named; without it each answer takes 40 ms."""
    with closing(_listen("127.0.0.1", 0)) as listener:
        assert listener.proto == socket.IPPROTO_TCP


def test_a_port_that_is_taken() -> None:
    with closing(_listen("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(OptionError, match=rf"127\.0\.0\.1:{port}: cannot be listened on .*choose another --port"):
            _listen("127.0.0.1", port)
    with pytest.raises(OptionError, match=r"no\.such\.host\.invalid:1: cannot be listened on"):
        _listen("no.such.host.invalid", 1)
