from __future__ import annotations

import json
from pathlib import Path

import pytest

from facestream.discover.modules.catalog import describe_modules, find_trainer
from facestream.errors import RequestError, TrainerError


@pytest.mark.parametrize(
    "path",
    [
        "facemesh/facemesh.trainer",
        "modules\\facemesh\\facemesh.trainer",
        "modules/facemesh/facemesh.trainer",
        "facemesh\\facemesh.trainer",
    ],
)
def test_our_own_trainers_answer_under_every_spelling(path: str, tmp_path: Path) -> None:
    for folder in (None, tmp_path):
        trainer = find_trainer(path, folder)
        assert trainer.create == "FaceMesh"
        assert [(io.direction, io.id) for io in trainer.ios] == [
            ("input", "data"),
            ("input", "bounding_box"),
            ("output", "landmarks"),
        ]
        assert trainer.ios[2].data == "stream:SSIStream:feature;face;landmarks;facemesh"
        assert trainer.is_trained


def test_the_users_trainers_go_first(tmp_path: Path) -> None:
    (tmp_path / "modules" / "facemesh").mkdir(parents=True)
    file = tmp_path / "modules" / "facemesh" / "facemesh.trainer"
    file.write_text('<trainer><model create="Mine" script="a.py"/></trainer>')
    assert find_trainer("facemesh/facemesh.trainer", tmp_path).create == "Mine"
    assert find_trainer("modules\\facemesh\\facemesh.trainer", tmp_path).create == "Mine"
    assert find_trainer("blazeface/blazeface.trainer", tmp_path).create == "BlazeFace"
    file.write_text("<trainer/>")
    with pytest.raises(TrainerError, match="has no"):
        find_trainer("facemesh/facemesh.trainer", tmp_path)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (None, "trainerFilePath not specified in request"),
        ("", "trainerFilePath not specified in request"),
        ("emonet/emonet.trainer", r"Trainer file not available: emonet/emonet.trainer .*ours: blazeface/blazeface"),
        ("../secret.trainer", "leads out of the folder of trainers"),
        ("/etc/passwd", "leads out of the folder of trainers"),
        ("modules\\..\\..\\secret.trainer", "leads out of the folder of trainers"),
        ("C:\\secret.trainer", "leads out of the folder of trainers"),
        ("a\0b", "leads out of the folder of trainers"),
        ("link/secret.trainer", "leads out of the folder of trainers"),
    ],
)
def test_trainers_that_there_are_not(path: str | None, message: str, tmp_path: Path) -> None:
    (tmp_path / "secret.trainer").write_text('<trainer><model script="a.py"/></trainer>')
    (tmp_path / "cml").mkdir()
    (tmp_path / "cml" / "link").symlink_to(tmp_path)
    with pytest.raises(RequestError, match=message):
        find_trainer(path, tmp_path / "cml")


def test_what_nova_is_told(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "mine.trainer").write_text("<trainer/>")
    answer = describe_modules(tmp_path)
    assert list(answer) == ["chains_faulty", "chains_ok", "trainer_faulty", "trainer_ok"]
    assert list(answer["trainer_ok"]) == ["blazeface/blazeface.trainer", "facemesh/facemesh.trainer"]
    assert 'no "script"' in answer["trainer_faulty"]["mine/mine.trainer"]
    trainer = json.loads(answer["trainer_ok"]["facemesh/facemesh.trainer"])
    assert trainer["info_trained"] is True
    assert trainer["model_create"] == "FaceMesh"
    assert (trainer["meta_left_ctx"], trainer["meta_category"], trainer["ssi_v"]) == (0, "Face", "5")
    assert json.loads(trainer["meta_uri"]) == []
    assert json.loads(trainer["meta_io"])[0] == {
        "type": "input",
        "id": "data",
        "data": "stream:Video",
        "default_value": "video",
        "default_active": True,
    }
