"""At the command line, and in a batch, no media file leads to another."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from facestream.cli import main
from tests.media.foreign_media import nobody_is_asked, write_foreign_files


@pytest.mark.parametrize("command", ["mesh", "detect"])
def test_every_file_is_refused_in_a_line(
    command: str, sample: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with nobody_is_asked() as address:
        files = write_foreign_files(tmp_path / "media", tmp_path / "elsewhere", sample, address)
        (tmp_path / "out").mkdir()
        # A disguised twin would be written to the same place as the others.
        for suffix in (".mp4", ".ts", ""):
            group = [
                path for path in files if path.suffix == suffix or (not suffix and path.suffix not in (".mp4", ".ts"))
            ]
            assert main([command, *map(str, group), "-o", str(tmp_path / "out"), "--quiet"]) == 1
            *lines, total = capsys.readouterr().err.splitlines()
            assert total == f"facestream: {len(group)} of {len(group)} inputs failed"
            for path, line in zip(group, lines, strict=True):
                assert re.match(f"facestream: error: {re.escape(str(path))}: {files[path]}", line)
    assert not list((tmp_path / "out").iterdir())


def test_a_batch_names_them_and_does_the_rest(sample: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with nobody_is_asked() as address:
        files = write_foreign_files(tmp_path / "media", tmp_path / "elsewhere", sample, address)
        disguised = [path for path in files if path.suffix == ".ts"][:8]
        (tmp_path / "list.txt").write_text("\n".join(map(str, [*disguised, tmp_path / "media/below/clip.ts"])))
        command = ["batch", str(tmp_path / "list.txt"), "-o", str(tmp_path / "out"), "--workers", "1", "--quiet"]
        assert main(command) == 1
    told = capsys.readouterr().err
    for path in disguised:
        assert re.search(f"{re.escape(str(path))}: {files[path]}", told)
    assert [path.name for path in (tmp_path / "out").glob("*.stream")] == ["clip.facemesh.stream"]
