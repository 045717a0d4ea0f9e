"""The plan: what is new, changed, missing, done or failed, and what must not be planned."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from facestream.batch.journal import Journal, State
from facestream.batch.plan import Plan, make_plan
from facestream.batch.sources.items import Item
from facestream.config import MeshOptions
from facestream.errors import OptionError, OutputError
from facestream.use_cases.inputs import Failure


class Lab:
    """Sources, an output folder and a journal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = folder / "out"
        self.out.mkdir()
        for name in "abc":
            self.source(name).write_text(name)

    def source(self, name: str) -> Path:
        return self.folder / f"{name}.mp4"

    def items(self, names: str = "abc", **values: Any) -> list[Item]:
        return [Item(str(self.source(name)), name, **values) for name in names]

    def plan(
        self, items: list[Item] | list[Item | Failure] | None = None, options: MeshOptions | None = None, **values: Any
    ) -> tuple[Plan, list[str]]:
        """The plan, and what waits by it."""
        with Journal(self.folder / "state") as journal:
            plan = make_plan(
                journal, self.items() if items is None else items, str(self.out), options or MeshOptions(), **values
            )
            return plan, [entry.output for entry in journal.entries(State.WAITING)]

    def run(self, states: Mapping[str, State]) -> None:
        """End what waits; what is done has outputs."""
        with Journal(self.folder / "state") as journal:
            journal.run = journal.connection.execute("SELECT max(run) FROM items").fetchone()[0]
            while entry := journal.take_next():
                state = states.get(entry.output, State.DONE)
                journal.end(entry.number, state, error="" if state is State.DONE else "broken")
                if state is State.DONE:
                    for ending in (".facemesh.stream", ".facemesh.stream~"):
                        (self.out / f"{entry.output}{ending}").write_text("x")


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def test_what_is_done_is_passed_over(lab: Lab) -> None:
    plan, waiting = lab.plan()
    assert (plan.num_new, plan.num_to_do, plan.num_items, waiting) == (3, 3, 3, ["a", "b", "c"])
    lab.run({"b": State.FAILED, "c": State.PARTIAL})
    plan, waiting = lab.plan()
    assert (plan.num_done, plan.num_failed, plan.num_to_do, waiting) == (1, 2, 0, [])
    plan, waiting = lab.plan(retry_failed=True)
    assert (plan.num_done, plan.num_retried, plan.num_to_do, waiting) == (1, 2, 2, ["b", "c"])


def test_changes_are_done_again(lab: Lab) -> None:
    lab.plan()
    lab.run({"c": State.FAILED})
    lab.source("a").write_text("longer")
    os.utime(lab.source("c"), ns=(1, 1))
    plan, waiting = lab.plan()
    assert (plan.num_changed, plan.num_done, waiting) == (2, 1, ["a", "c"])
    lab.run({})
    plan, waiting = lab.plan(options=MeshOptions(missing="nan"))
    assert (plan.num_changed, waiting) == (3, ["a", "b", "c"])
    lab.run({})
    same = MeshOptions(missing="nan", num_threads=1, device="cpu", batch_size=9)
    assert lab.plan(options=same)[0].num_done == 3
    plan, waiting = lab.plan(lab.items("ab", options={"num_faces": 2}) + lab.items("c"), same)
    assert (plan.num_changed, plan.num_done, waiting) == (2, 1, ["a", "b"])


def test_boxes_and_weights_count(lab: Lab) -> None:
    boxes = lab.folder / "boxes.stream"
    boxes.write_text("x")
    lab.plan(lab.items("a", boxes=str(boxes)))
    lab.run({})
    assert lab.plan(lab.items("a", boxes=str(boxes)))[0].num_done == 1
    boxes.write_text("other")
    assert lab.plan(lab.items("a", boxes=str(boxes)))[0].num_changed == 1
    assert lab.plan(lab.items("a"))[0].num_interrupted == 1
    lab.run({})
    weights = lab.folder / "w.safetensors"
    weights.write_text("x")
    assert lab.plan(lab.items("a"), MeshOptions(weights=weights))[0].num_changed == 1
    lab.run({})
    weights.write_text("other")
    assert lab.plan(lab.items("a"), MeshOptions(weights=weights))[0].num_changed == 1


def test_results_that_are_gone_are_made_again(lab: Lab) -> None:
    lab.plan()
    lab.run({})
    (lab.out / "b.facemesh.stream~").unlink()
    plan, waiting = lab.plan()
    assert (plan.num_missing, plan.num_done, waiting) == (1, 2, ["b"])


def test_what_a_killed_run_left(lab: Lab) -> None:
    lab.plan()
    with Journal(lab.folder / "state") as journal:
        journal.run = 1
        journal.take_next()
    plan, waiting = lab.plan()
    assert (plan.num_interrupted, plan.num_new, waiting) == (3, 0, ["a", "b", "c"])


def test_content_instead_of_time(lab: Lab) -> None:
    lab.plan(by_hash=True)
    lab.run({})
    os.utime(lab.source("a"), ns=(1, 1))
    plan, _ = lab.plan(by_hash=True)
    assert (plan.num_done, plan.num_changed) == (3, 0)
    os.utime(lab.source("b"), ns=(1, 1))
    assert lab.plan()[0].num_changed == 1
    lab.run({})
    lab.source("c").write_text("d")
    os.utime(lab.source("c"), ns=(1, 1))
    plan, waiting = lab.plan(by_hash=True)
    assert (plan.num_changed, waiting) == (1, ["c"])


def test_a_limit(lab: Lab) -> None:
    plan, waiting = lab.plan(limit=2)
    assert (plan.num_new, plan.num_left_out, plan.num_to_do, waiting) == (3, 1, 2, ["a", "b"])
    lab.run({})
    plan, waiting = lab.plan(limit=2)
    assert (plan.num_done, plan.num_interrupted, plan.num_left_out, waiting) == (2, 1, 0, ["c"])
    assert lab.plan(limit=0)[1] == []


def test_items_of_other_runs_are_left_alone(lab: Lab) -> None:
    lab.plan(lab.items("a"))
    lab.run({"a": State.FAILED})
    plan, waiting = lab.plan(lab.items("bc"))
    assert (plan.num_new, plan.num_failed, waiting) == (2, 0, ["b", "c"])
    lab.run({})
    assert lab.plan()[0].num_failed == 1


def test_a_source_may_be_named_twice(lab: Lab) -> None:
    plan, waiting = lab.plan(lab.items("ab") + lab.items("ab"))
    assert (plan.num_items, waiting) == (2, ["a", "b"])
    assert lab.plan([*lab.items("a"), Item(str(lab.source("a")), "again")])[0].num_items == 2


def test_two_items_with_one_output(lab: Lab) -> None:
    other = Item(str(lab.source("b")), "a")
    with pytest.raises(OutputError, match=r"a: both .*a\.mp4 and .*b\.mp4 would write it; rename one, or give it"):
        lab.plan([*lab.items("a"), other])
    with pytest.raises(OutputError, match="listed twice with different boxes or options"):
        lab.plan([*lab.items("a"), Item(str(lab.source("a")), "a", options={"num_faces": 2})])
    two_faces = MeshOptions(num_faces=2)
    with pytest.raises(OutputError, match=r"a\.face2\.facemesh\.stream: both .*a\.mp4 and .*b\.mp4"):
        lab.plan([*lab.items("a"), Item(str(lab.source("b")), "a.face2")], two_faces)
    named = [Item(str(lab.source("a")), "x.facemesh.stream"), Item(str(lab.source("b")), "x")]
    with pytest.raises(OutputError, match=r"x\.facemesh\.stream: both"):
        lab.plan(named)


def test_options_that_do_not_fit_are_told_with_their_place(lab: Lab) -> None:
    item = Item(str(lab.source("a")), "a", boxes="b.stream", options={"num_faces": 2}, place="t.csv, line 7")
    with pytest.raises(OptionError, match=r"t\.csv, line 7: a box stream holds one face per frame"):
        lab.plan([item])
    named = Item(str(lab.source("a")), "a.npz", options={"formats": ["csv"]}, place="t.csv, line 8")
    with pytest.raises(OptionError, match=r"t\.csv, line 8: -o .*a\.npz asks for npz, but --format for csv"):
        lab.plan([named])


def test_a_plan_that_fails_changes_nothing(lab: Lab) -> None:
    lab.plan()
    lab.run({})
    with pytest.raises(OutputError):
        lab.plan([*lab.items("ab", options={"num_faces": 2}), Item(str(lab.source("c")), "a")])
    assert lab.plan()[0].num_done == 3


def test_failures_of_words_are_kept(lab: Lab) -> None:
    failure = Failure("empty", "empty: there is nothing")
    mixed: list[Item | Failure] = [*lab.items("a"), failure]
    assert lab.plan(mixed)[0].failures == (failure,)
