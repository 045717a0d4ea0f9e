"""Fuzzer for data lists: every input is the form of a job, which is run up to the networks.

The ``data`` field of the form lists what is read and written; other fields hold trainer, options, sessions and folders.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

from fuzzing import Picks, bounded_memory, refusals, scratch_folder

from facestream.discover.folders import JobFolders
from facestream.discover.job_runner import JobEvents, JobRunner
from facestream.discover.modules import blazeface as blazeface_processor
from facestream.discover.modules import facemesh as facemesh_processor
from facestream.structures import Summary
from facestream.use_cases.outputs.plan import OutputPlan

__all__ = ["SEEDS", "one_input"]

FOLDER = scratch_folder("data-lists")
DATA, RESULTS, SECRET = FOLDER / "data", FOLDER / "results", FOLDER / "secret.mp4"
CLIPS = (DATA / "clip.mp4", DATA / "study" / "s01" / "patient.video.mp4", DATA / "boxes.stream")

FORM_ALLOWANCE_BYTES = 4_000_000
MAX_FORM_FACTOR = 100

URIS = (
    "clip.mp4",
    "out.stream",
    "study/s01/patient.video.mp4",
    "../secret.mp4",
    str(SECRET),
    str(CLIPS[0]),
    ".",
    "a\0b",
)
TEMPLATES = ("{session}.mp4", "{dataset}/{session}/patient.video.mp4", "{x}", "{dataset.__class__}", "{")
NAMES = ("patient", "video", "..", "a/b", "a:b", " ", "a\nb")
SOURCES = (
    *("file:stream:video", "FILE:stream:ssiStream", "request:image", "request:text", "request:stream:ssistream"),
    *("db:stream:Video", "db:stream:ssistream", "db:annotation:free", "url:image", "file:stream", "::", "db:"),
)
ENTRY_VALUES: dict[str, Sequence[str]] = {
    "src": SOURCES,
    "type": ("input", "output", "INPUT", ""),
    "id": ("data", "video", "landmarks", "bounding_box", "face_bb", "x"),
    "uri": URIS,
    "uri_template": TEMPLATES,
    "name": NAMES,
    "role": NAMES,
    "data": ("UDYgMiAyIDI1NQo=", "data:image/png;base64,UDYg", "***"),
    "active": ("", "False"),
}
ENTRIES: Sequence[dict[str, str]] = (
    {"src": "file:stream:video", "type": "input", "id": "data", "uri": "clip.mp4"},
    {"src": "db:stream:Video", "type": "input", "id": "data", "role": "patient", "name": "video"},
    {"src": "request:image", "type": "input", "id": "data", "data": "UDYgMiAyIDI1NQo="},
    {"src": "file:stream:ssistream", "type": "input", "id": "bounding_box", "uri": "boxes.stream"},
    {"src": "file:stream:ssistream", "type": "output", "id": "landmarks", "uri": "out.stream"},
    {"src": "db:stream:ssistream", "type": "output", "id": "landmarks", "role": "patient", "name": "mesh"},
    {"src": "request:stream:ssistream", "type": "output", "id": "landmarks", "name": "mesh"},
)
OPTION_NAMES = (
    *("batch_size", "min_score_thresh", "min_suppression_thresh", "force_square_ar", "repeat_last", "model", "overlay"),
    *("formats", "num_faces", "detector", "detect_every", "missing", "rate_hz"),
)
FORM_VALUES = {
    "trainerFilePath": ("facemesh/facemesh.trainer", "modules\\blazeface\\blazeface.trainer", "../x", "/etc/passwd"),
    "optStr": ("batch_size=7;overlay=True", "num_faces=1e999", "num_faces=99", "a=b=c", "=", "batch_size=nan"),
    "sessions": ('["s01","s02"]', '["s01"]', "[]", "[1]", '[".."]', '["a\\nb"]'),
    "dataset": ("study", "..", "/", "no"),
    "sharedDir": ("", "results"),
}
SEEDS = [
    *(bytes([1, *picks]) for picks in ((), (0, 0, 4), (0, 1, 5, 0, 0), (1, 0, 2, 6), (1, 0, 3, 4), (2, 0, 1, 2, 3))),
    *(bytes([1, *(number * step % 256 for number in range(80))]) for step in (1, 3, 7, 11, 31)),
    b'\0[{"src":"file:stream:video","type":"input","id":"video","uri":"clip.mp4"}]',
]
"""Templates of forms, and the text of a list."""


def compose(data: bytes) -> dict[str, str]:
    """Make a form. The first byte decides whether the rest is the raw list, or selects entries and other fields."""
    picks = Picks(data)
    form = {
        "trainerFilePath": picks.one_of(FORM_VALUES["trainerFilePath"]) if picks.number(4) else "",
        "dataset": "study",
    }
    if not form["trainerFilePath"]:
        form["trainerFilePath"] = "blazeface/blazeface.trainer"
        return {**form, "data": picks.rest().decode("utf-8", "surrogateescape"), "sessions": '["s01"]'}
    entries = [_entry(picks) for _ in range(1 + picks.number(4))]
    form |= {"data": f"[{','.join(entries)}]", "sessions": picks.text(FORM_VALUES["sessions"])}
    if picks.number(2):
        options = {
            picks.text(OPTION_NAMES): picks.json(("x", "1", "auto", "nan", "back")) for _ in range(picks.number(4))
        }
        form["options"] = _object(options)
    for _ in range(picks.number(3)):
        name = picks.one_of(sorted(FORM_VALUES))
        form[name] = picks.text(FORM_VALUES[name])
    return form


def _entry(picks: Picks) -> str:
    """Make a typical entry with a few changes."""
    entry = {name: json.dumps(value) for name, value in picks.one_of(ENTRIES).items()}
    for _ in range(picks.number(4)):
        name = picks.one_of(sorted(ENTRY_VALUES))
        entry[name] = picks.json(ENTRY_VALUES[name])
    return _object(entry)


def _object(values: dict[str, str]) -> str:
    return "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in values.items()) + "}"


def _prepare() -> None:
    """Restore the data folder to its state before the last input."""
    if DATA.is_dir() and len(list(DATA.rglob("*"))) == 2 + len(CLIPS):
        return
    shutil.rmtree(DATA, ignore_errors=True)
    for path in (*CLIPS, SECRET):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def _work(source: Path, plan: OutputPlan, options: Any, **_: Any) -> Summary:
    """Stand-in for the networks: check that all paths are inside the allowed folders."""
    for path in (plan.source, *([plan.boxes] if plan.boxes else [])):
        assert DATA in (path, *path.parents) or "facestream-job-" in str(path), path
    for path in (*plan.paths, *([plan.overlay] if plan.overlay else [])):
        assert ".." not in path.parts, path
        assert DATA in path.parents or RESULTS in path.parents or "facestream-job-" in str(path), path
    return Summary(
        input=source, outputs=plan.paths, num_frames=0, num_rows=0, num_frames_by_face=(0,), complete=True, reason=None,
        seconds=0.0, total_seconds=0.0, device="cpu", engine="none", precision=options.precision,
    )  # fmt: skip


def one_input(data: bytes) -> None:
    """Check that a job only uses files in the allowed folders, or is refused, and that each log message is one line."""
    form = compose(data)
    _prepare()
    lines: list[str] = []
    events = JobEvents(
        log=lambda _, text: lines.append(text),
        on_progress=lambda *_: None,
        on_outputs=lambda _: None,
        should_stop=lambda: False,
    )
    num_characters = sum(map(len, form.values()))
    with (
        bounded_memory(MAX_FORM_FACTOR * num_characters + FORM_ALLOWANCE_BYTES),
        patch.object(facemesh_processor, "extract", _work),
        patch.object(blazeface_processor, "detect", _work),
        refusals(),
    ):
        JobRunner(JobFolders([DATA])).run(form, RESULTS, events)
    assert all(len(line.splitlines()) == 1 for line in lines), lines
