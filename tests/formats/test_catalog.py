"""The table of formats, and that one more row is all that a new format needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from facestream.formats import catalog
from facestream.formats.catalog import FORMATS, find_format, format_named, suffix_list

ONE_MORE = """
import importlib.util, sys

# The table is loaded first, since options are made from it as soon as facestream is imported.
spec = importlib.util.spec_from_file_location("facestream.formats.catalog", CATALOG)
catalog = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = catalog
spec.loader.exec_module(catalog)
row = catalog.Format(name="arrays", title="Arrays", description="a copy of npz", module="facestream.formats.npz")
catalog.FORMATS += (row,)
catalog.FORMAT_NAMES += ("arrays",)
"""


def run(code: str, *arguments: str | Path) -> str:
    """Run code in a process that knows one more format, which is npz under another name."""
    command = [sys.executable, "-c", ONE_MORE.replace("CATALOG", repr(catalog.__file__)) + code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


COMMAND_LINE = "from facestream.cli import main; main(sys.argv[1:])"


def test_formats_are_found_by_name_and_by_file_extension() -> None:
    assert [form.name for form in FORMATS] == ["stream", "npz", "csv"]
    assert format_named("npz").title == "NumPy archive"
    assert find_format(Path("A.CSV")) == format_named("csv")
    assert find_format(Path("a.mp4")) is None
    assert suffix_list() == ".stream, .npz, .csv"
    with pytest.raises(KeyError):
        format_named("xlsx")


def test_one_more_row_adds_a_format_to_the_command_line(sample: Path, tmp_path: Path) -> None:
    assert "arrays" in run(COMMAND_LINE, "mesh", "--help")
    run(COMMAND_LINE, "mesh", sample, "-o", tmp_path, "--format", "arrays", "--format", "npz", "--to", "0.2")
    stem = tmp_path / f"{sample.stem}.facemesh"
    copy, archive = Path(f"{stem}.arrays"), Path(f"{stem}.npz")
    with np.load(copy, allow_pickle=False) as ours, np.load(archive, allow_pickle=False) as theirs:
        assert np.array_equal(ours["landmarks"], theirs["landmarks"])
    run(COMMAND_LINE, "convert", copy, tmp_path / "table.csv")
    run(COMMAND_LINE, "convert", tmp_path / "table.csv", tmp_path / "again.arrays")
    assert (tmp_path / "again.arrays").is_file()


def test_one_more_row_adds_a_format_to_the_server_and_to_discover() -> None:
    code = """
from facestream.discover.modules.options import formats_of
from facestream.server.api.server_routes import ServerRoutes
print([view.name for view in ServerRoutes(None).formats()], formats_of({"formats": ["arrays"]}))
"""
    assert run(code).strip() == "['stream', 'npz', 'csv', 'arrays'] ('stream', 'arrays')"
