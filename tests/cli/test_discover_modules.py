from __future__ import annotations

from pathlib import Path

import pytest

from facestream.cli import main


def test_the_folders_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["discover-modules", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines() == [str(tmp_path / "blazeface"), str(tmp_path / "facemesh")]


def test_another_module_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "facemesh").mkdir()
    (tmp_path / "facemesh" / "facemesh.py").write_text("")
    assert main(["discover-modules", str(tmp_path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "another module lies there; move it away, or name another folder" in line
    assert list(tmp_path.iterdir()) == [tmp_path / "facemesh"]
