from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from facestream.errors import OutputError
from facestream.ssi.pair import StagedPair, has_unfinished_pair, settle_folder
from facestream.ssi.stream import read_stream, write_stream
from facestream.ssi.writer import SsiStreamWriter

OLD = np.ones((2, 2))
NEW = np.arange(12, dtype=np.float32).reshape(4, 3)

NUM_RENAMES = {False: 3, True: 4}
"""Of a commit, by whether there is an older stream."""

KILLED_COMMIT = """
import os, sys
from pathlib import Path
import numpy as np
from facestream.ssi.writer import SsiStreamWriter

path, left = Path(sys.argv[1]), int(sys.argv[2])
writer = SsiStreamWriter(path, 3)
writer.write(np.arange(12, dtype=np.float32).reshape(4, 3))
writer.finish(25, "", {})

def watch(event, arguments):
    global left
    if event == "os.rename":
        if not left:
            os._exit(9)
        left -= 1

sys.addaudithook(watch)
writer.commit()
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def new_writer(path: Path) -> SsiStreamWriter:
    writer = SsiStreamWriter(path, 3)
    writer.write(NEW)
    writer.finish(25, "", {})
    return writer


def interrupt_at(monkeypatch: pytest.MonkeyPatch, number: int, error: BaseException, *, after: bool) -> None:
    """Let the renames of ``Path`` fail once, before or after the rename of that number is done."""
    left = number

    def watched(real: Callable[[Path, Path], Path]) -> Callable[[Path, Path], Path]:
        def move(self: Path, target: Path) -> Path:
            nonlocal left
            left -= 1
            if left == -1 and not after:
                raise error
            moved = real(self, target)
            if left == -1:
                raise error
            return moved

        return move

    for name in ("replace", "rename"):
        monkeypatch.setattr(Path, name, watched(getattr(Path, name)))


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")
@pytest.mark.parametrize(("has_old", "number"), [(old, n) for old, num in NUM_RENAMES.items() for n in range(num)])
def test_a_kill_before_any_rename(tmp_path: Path, has_old: bool, number: int) -> None:
    path = tmp_path / "a.stream"
    if has_old:
        write_stream(path, OLD, 10)
    command = [sys.executable, "-c", KILLED_COMMIT, str(path), str(number)]
    assert subprocess.run(command, check=False).returncode == 9
    if path.exists():
        assert read_stream(path).data.shape == OLD.shape, "a header is never seen without its own samples"
    samples_are_new = number == NUM_RENAMES[has_old] - 1
    assert path.exists() or not (tmp_path / "a.stream~").exists() or has_unfinished_pair(path)
    settle_folder(tmp_path)
    if samples_are_new:
        np.testing.assert_array_equal(read_stream(path).data, NEW)
    elif has_old:
        np.testing.assert_array_equal(read_stream(path).data, OLD)
    assert names(tmp_path) == (["a.stream", "a.stream~"] if has_old or samples_are_new else [])


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("has_old", "number"), [(old, n) for old, num in NUM_RENAMES.items() for n in range(num)])
def test_an_interrupt_at_any_rename(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_old: bool, number: int, after: bool
) -> None:
    path = tmp_path / "a.stream"
    if has_old:
        write_stream(path, OLD, 10)
    writer = new_writer(path)
    with monkeypatch.context() as patch:
        interrupt_at(patch, number, KeyboardInterrupt(), after=after)
        with pytest.raises(KeyboardInterrupt):
            writer.commit()
    writer.discard()
    samples_are_new = number + after >= NUM_RENAMES[has_old] - 1
    if samples_are_new:
        np.testing.assert_array_equal(read_stream(path).data, NEW)
    elif has_old:
        np.testing.assert_array_equal(read_stream(path).data, OLD)
    assert names(tmp_path) == (["a.stream", "a.stream~"] if has_old or samples_are_new else [])


def test_a_disk_that_refuses_the_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.stream"
    write_stream(path, OLD, 10)
    writer = new_writer(path)
    with monkeypatch.context() as patch:
        interrupt_at(patch, 2, OSError(5, "Input/output error"), after=False)
        with pytest.raises(OutputError, match=r"a\.stream~: cannot be written \(Input/output error\)"):
            writer.commit()
    writer.discard()
    np.testing.assert_array_equal(read_stream(path).data, OLD)
    assert names(tmp_path) == ["a.stream", "a.stream~"]


def test_what_cannot_be_settled_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.stream"
    writer = new_writer(path)

    def refuse(self: Path, target: Path) -> Path:
        if target == path:
            raise OSError(13, "Permission denied")
        return real(self, target)

    real = Path.replace
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", refuse)
        with pytest.raises(OutputError, match="Permission denied"):
            writer.commit()
        writer.discard()
    assert not path.exists()
    assert has_unfinished_pair(path)
    if sys.platform != "win32":
        settle_folder(tmp_path)
        np.testing.assert_array_equal(read_stream(path).data, NEW)
        assert names(tmp_path) == ["a.stream", "a.stream~"]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")
def test_two_runs_for_one_name_leave_one_pair(tmp_path: Path) -> None:
    path = tmp_path / "a.stream"
    errors: list[BaseException] = []

    def run(num_rows: int) -> None:
        try:
            for _ in range(60):
                pair = StagedPair(path)
                pair.samples.write(bytes(num_rows))
                pair.finish(
                    b'<?xml version="1.0"?><stream><info ftype="BINARY" sr="1" dim="1" byte="1" type="UCHAR"/>'
                    b'<chunk num="%d"/></stream>' % num_rows
                )
                pair.commit()
                pair.discard()
                settle_folder(tmp_path)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(num_rows,)) for num_rows in (3, 5)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        settle_folder(tmp_path)
    for thread in threads:
        thread.join()
    assert not errors
    assert read_stream(path).data.shape in ((3, 1), (5, 1))
    assert names(tmp_path) == ["a.stream", "a.stream~"]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")
def test_a_new_header_never_goes_with_old_samples(tmp_path: Path) -> None:
    # As if somebody had removed the staged samples of a killed run by hand.
    path = tmp_path / "a.stream"
    write_stream(path, OLD, 10)
    writer = new_writer(path)
    change = writer._pair._change
    assert writer._pair._header is not None
    writer._pair._header.rename_hidden(change.pending)
    path.rename(change.old)
    writer._pair._samples.hidden_path.unlink()
    settle_folder(tmp_path)
    np.testing.assert_array_equal(read_stream(path).data, OLD)
    assert names(tmp_path) == ["a.stream", "a.stream~"]
    writer.discard()


def test_hidden_names_of_others_stay(tmp_path: Path) -> None:
    others = [".facestream-0123456789abcdef.old", ".facestream-notes.txt", ".hidden", "a.stream~"]
    for name in others:
        (tmp_path / name).write_text("mine")
    settle_folder(tmp_path)
    assert names(tmp_path) == sorted(others)
    assert not has_unfinished_pair(tmp_path / "a.stream")
