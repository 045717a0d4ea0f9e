"""Our modules run in DISCOVER's own runner and server, and write what the command line writes."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from facestream import DetectOptions, MeshOptions, detect, extract, read_stream
from tests.long.discover_peer import DiscoverServer, find_peer, run
from tests.media.clips import remux

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Path:
    return remux(sample, tmp_path_factory.mktemp("clip") / "clip.mp4", num_packets=60)


def entry(
    direction: str, name: str, uri: Path | str, src: str = "file:stream:ssistream", **more: Any
) -> dict[str, Any]:
    return {"src": src, "type": direction, "id": name, "uri": str(uri), **more}


def video(name: str, uri: Path) -> dict[str, Any]:
    return entry("input", name, uri, "file:stream:video")


def process(modules: Path, trainer: str, entries: list[dict[str, Any]], folder: Path, *more: str) -> str:
    for name in ("cache", "tmp"):
        (folder / name).mkdir(exist_ok=True)
    places = ("--cml_dir", modules, "--cache_dir", folder / "cache", "--tmp_dir", folder / "tmp")
    job = ("--shared_dir", folder / "tmp", "--job_id", "job", "--data", json.dumps(entries))
    return run(find_peer() / "du-process", "--trainer_file_path", trainer, *places, *job, *more, cwd=folder)


def test_both_modules_write_what_the_commands_write(modules_for_discover: Path, clip: Path, tmp_path: Path) -> None:
    boxes, keypoints, mesh = (tmp_path / f"{name}.stream" for name in ("boxes", "keypoints", "mesh"))
    outputs = [entry("output", "bounding_box", boxes), entry("output", "landmarks", keypoints)]
    process(modules_for_discover, "blazeface\\blazeface.trainer", [video("video", clip), *outputs], tmp_path)
    entries = [video("data", clip), entry("input", "bounding_box", boxes), entry("output", "landmarks", mesh)]
    process(modules_for_discover, "facemesh/facemesh.trainer", entries, tmp_path, "--options", '{"batch_size": 128}')

    own = tmp_path / "own"
    own.mkdir()
    detect(clip, own / "boxes.stream", DetectOptions())
    extract(clip, own / "mesh.stream", MeshOptions(boxes=own / "boxes.stream"))
    for theirs, ours in ((boxes, "boxes"), (keypoints, "boxes.keypoints"), (mesh, "mesh")):
        found, wanted = read_stream(theirs), read_stream(own / f"{ours}.stream")
        np.testing.assert_array_equal(found.data, wanted.data)
        assert found.rate_hz == round(wanted.rate_hz, 3), "DISCOVER writes no more decimals"
        assert (found.media_type, found.size) == (wanted.media_type, wanted.size)


def test_without_boxes_and_with_the_documented_ids(modules_for_discover: Path, clip: Path, tmp_path: Path) -> None:
    entries = [video("input_data", clip), entry("output", "output_stream", tmp_path / "mesh.stream")]
    log = process(modules_for_discover, "facemesh/facemesh.trainer", entries, tmp_path)
    assert "no face boxes are given, so facestream's own detector (back) finds the faces" in log
    extract(clip, tmp_path / "own.stream", MeshOptions())
    assert (tmp_path / "mesh.stream~").read_bytes() == (tmp_path / "own.stream~").read_bytes()


def test_a_picture(modules_for_discover: Path, astronaut: Any, tmp_path: Path) -> None:
    from PIL import Image

    picture = tmp_path / "face.png"
    Image.fromarray(astronaut).save(picture)
    entries = [entry("input", "data", picture, "file:image"), entry("output", "landmarks", tmp_path / "mesh.stream")]
    process(modules_for_discover, "facemesh/facemesh.trainer", entries, tmp_path)
    extract(picture, tmp_path / "own.stream", MeshOptions())
    assert (tmp_path / "mesh.stream~").read_bytes() == (tmp_path / "own.stream~").read_bytes()


def test_the_server_makes_an_environment_and_runs_a_module_in_it(
    modules_for_discover: Path, clip: Path, tmp_path: Path
) -> None:
    """DISCOVER's default way of running: it installs the requirements of a module by itself."""
    with DiscoverServer(tmp_path, modules_for_discover, backend="venv") as server:
        mesh = server.data_folder / "mesh.stream"
        form = {
            "jobID": "mesh",
            "trainerFilePath": "facemesh/facemesh.trainer",
            "data": json.dumps([video("data", clip), entry("output", "landmarks", mesh)]),
        }
        assert requests.post(f"{server.url}/process", data=form, timeout=60).json() == {"success": "True"}
        deadline = time.monotonic() + 600
        status = {"status": 0}
        while status["status"] in (0, 1):
            assert time.monotonic() < deadline
            time.sleep(0.5)
            status = requests.post(f"{server.url}/job_status", data={"jobID": "mesh"}, timeout=60).json()
        log = requests.post(f"{server.url}/log", data={"jobID": "mesh"}, timeout=60).json()["message"]
        assert status == {"status": 2}, log
    extract(clip, tmp_path / "own.stream", MeshOptions())
    assert (tmp_path / "data" / "mesh.stream~").read_bytes() == (tmp_path / "own.stream~").read_bytes()
