"""Where the time goes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from facestream import FaceMeshPipeline, MeshOptions, extract
from facestream.use_cases.extraction.profile import Profile


class Clock:
    """Goes on when it is told to."""

    now_s = 0.0


def seconds(profile: Profile) -> dict[str, float]:
    return {stage.name: stage.seconds for stage in profile.stages}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("facestream.use_cases.extraction.profile.time.perf_counter", lambda: clock.now_s)
    return clock


def test_stages_add_up(clock: Clock) -> None:
    profile = Profile()
    for step in (1.0, 2.0):
        with profile.stage("work"):
            clock.now_s += step
        clock.now_s += 10
    profile.add("other", 1.5)
    assert seconds(profile) == {"work": 3.0, "other": 1.5}


def test_making_items_is_a_stage_and_using_them_is_not(clock: Clock) -> None:
    def slow() -> Iterator[int]:
        for number in range(3):
            clock.now_s += 2
            yield number

    profile = Profile()
    made = []
    for number in profile.making("make", slow()):
        clock.now_s += 5
        made.append(number)
    assert made == [0, 1, 2]
    assert seconds(profile) == {"make": 6.0}


def test_what_nobody_wants_is_not_told() -> None:
    profile = Profile(is_wanted=False)
    profile.add("work", 1.0)
    assert profile.stages == ()


def test_a_stage_that_fails_counts_too() -> None:
    profile = Profile()
    with pytest.raises(KeyError), profile.stage("fails"):
        raise KeyError
    assert "fails" in seconds(profile)


def test_a_watched_engine_gives_the_same(pipeline: FaceMeshPipeline) -> None:
    profile, engine = Profile(), pipeline.landmarker.engine
    watched = profile.watch(engine, "cut", "run")
    images = list(np.random.default_rng(0).integers(0, 256, (3, 192, 192, 3), dtype=np.uint8))
    for output, wanted in zip(watched.run(iter(images)), engine.run(images), strict=True):
        np.testing.assert_array_equal(output, wanted)
    assert seconds(profile)["run"] > seconds(profile)["cut"] > 0
    assert (watched.name, watched.input_size, watched.precision) == (engine.name, 192, engine.precision)


def test_a_job_tells_its_stages_when_asked(carphone: Path, tmp_path: Path, pipeline: FaceMeshPipeline) -> None:
    pipeline.load_detector()
    engine = pipeline.landmarker.engine
    summary = extract(carphone, tmp_path, MeshOptions(profile=True), pipeline=pipeline)
    names = {stage.name for stage in summary.stages}
    assert names == {"decode", "scale thumbnails", "BlazeFace", "cut crops", "FaceMesh", "write"}
    assert all(0 < stage.seconds < 2.5 * summary.seconds for stage in summary.stages)
    assert pipeline.landmarker.engine is engine, "a pipeline that was given is as it was"
    assert extract(carphone, tmp_path, pipeline=pipeline).stages == ()
