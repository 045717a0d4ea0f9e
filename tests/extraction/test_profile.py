"""Where the time goes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from facestream import FaceMeshPipeline, MeshOptions, extract
from facestream.extraction.profile import Profile


def seconds(profile: Profile) -> dict[str, float]:
    return {stage.name: stage.seconds for stage in profile.stages}


def test_stages_add_up() -> None:
    profile = Profile()
    for _ in range(2):
        with profile.stage("sleep"):
            time.sleep(0.05)
    profile.add("other", 1.5)
    assert 0.1 <= seconds(profile)["sleep"] < 1
    assert seconds(profile)["other"] == 1.5


def test_making_items_is_a_stage_and_using_them_is_not() -> None:
    def slow() -> Iterator[int]:
        for number in range(3):
            time.sleep(0.02)
            yield number

    profile = Profile()
    for number in profile.making("make", slow()):
        time.sleep(0.05)
        assert number in range(3)
    assert 0.06 <= seconds(profile)["make"] < 0.15


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
