"""Networks, engines and DISCOVER modules are each added in the one place that ARCHITECTURE.md names.

``tests/formats/test_catalog.py`` proves the same of formats.
"""

from __future__ import annotations

from importlib import import_module

import pytest

from facestream.config import DetectOptions, MeshOptions, options_of
from facestream.discover.modules.catalog import find_trainer, trainer_paths
from facestream.discover.modules.registry import processor_names
from facestream.engines import ENGINES, PRECISIONS
from facestream.models.registry import WEIGHTS


@pytest.mark.parametrize("options", [MeshOptions, DetectOptions])
def test_every_engine_of_the_table_is_an_option(options: type) -> None:
    table = options_of(options)
    assert table["engine"].choices == ("auto", *ENGINES)
    assert set(table["precision"].choices) <= set(PRECISIONS)
    assert set(options_of(MeshOptions)["precision"].choices) == set(PRECISIONS)


@pytest.mark.parametrize("place", [*ENGINES.values(), *(record.network for record in WEIGHTS.values())])
def test_every_row_names_a_class(place: str) -> None:
    module, _, name = place.partition(":")
    assert isinstance(getattr(import_module(module), name), type)


def test_every_detector_of_the_table_is_an_option() -> None:
    detectors = {name.removeprefix("blazeface-") for name in WEIGHTS if name.startswith("blazeface-")}
    assert set(options_of(MeshOptions)["detector"].choices) == detectors


def test_every_trainer_has_a_processor() -> None:
    trainers = [find_trainer(path, None) for path in trainer_paths(None)]
    assert sorted(trainer.create for trainer in trainers) == processor_names()
