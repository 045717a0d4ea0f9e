from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from facestream import write_stream
from facestream.cli import main


def test_there_and_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_stream(tmp_path / "a.stream", np.arange(6, dtype=np.int16).reshape(2, 3), 25)
    assert main(["convert", str(tmp_path / "a.stream"), str(tmp_path / "b.csv")]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'a.stream'} -> {tmp_path / 'b.csv'}\n"
    assert main(["convert", str(tmp_path / "b.csv"), str(tmp_path / "c.stream"), "--quiet"]) == 0
    assert capsys.readouterr().out == ""
    for suffix in ("", "~"):
        assert (tmp_path / f"a.stream{suffix}").read_bytes() == (tmp_path / f"c.stream{suffix}").read_bytes()


def test_failures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", str(tmp_path / "a.stream"), str(tmp_path / "b.csv")]) == 1
    assert "a.stream: the stream cannot be read (No such file or directory)" in capsys.readouterr().err
    assert main(["convert", str(tmp_path / "a.mp4"), str(tmp_path / "b.csv")]) == 2
    assert "a.mp4: must end in .stream, .npz, .csv" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
