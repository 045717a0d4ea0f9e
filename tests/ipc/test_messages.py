from __future__ import annotations

import io

from facestream.ipc.messages import read_message, write_message


def test_there_and_back() -> None:
    pipe = io.BytesIO()
    write_message(pipe, "log", text="ünï \ud800\nline", level=20)
    write_message(pipe, "finished")
    pipe.seek(0)
    assert read_message(pipe) == {"kind": "log", "text": "ünï \ud800\nline", "level": 20}
    assert read_message(pipe) == {"kind": "finished"}
    assert read_message(pipe) is None


def test_half_a_message_is_none() -> None:
    assert read_message(io.BytesIO(b'{"kind": "fini')) is None
