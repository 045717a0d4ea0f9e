"""Description of a DISCOVER trainer and its module."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facestream.discover.modules.registry import processor_names
from facestream.discover.trainer import Trainer, TrainerIo, read_trainer
from facestream.inspection.description import Fact, shown

__all__ = ["TrainerDescription", "describe_trainer"]


@dataclass(frozen=True, slots=True)
class TrainerDescription:
    """A trainer file. Its script is never executed."""

    path: Path
    trainer: Trainer
    is_known: bool
    """Whether facestream has a processor for it."""

    def facts(self) -> list[Fact]:
        trainer = self.trainer
        known = "has a processor for it" if self.is_known else "has no processor for it"
        return [
            ("file", str(self.path)),
            ("content", "a DISCOVER trainer"),
            ("module", f"{shown(trainer.create)}; facestream {known}"),
            ("about", shown(trainer.description) or "no description"),
            *((io.direction, shown(f"{io.id}, {io.data}")) for io in trainer.ios),
            ("options", shown(trainer.option_string) or "none"),
            ("script", shown(f"{trainer.script}, which is never executed")),
        ]

    def as_json(self) -> dict[str, Any]:
        trainer = self.trainer

        def ios(direction: str) -> list[dict[str, str]]:
            return [_as_json(io) for io in trainer.ios_of(direction)]

        return {
            "kind": "trainer",
            "file": str(self.path),
            "create": trainer.create,
            "known": self.is_known,
            "description": trainer.description,
            "category": trainer.category,
            "inputs": ios("input"),
            "outputs": ios("output"),
            "options": trainer.option_string,
            "script": trainer.script,
        }


def describe_trainer(path: Path) -> TrainerDescription:
    """Describe a trainer.

    Raises:
        TrainerError: The file is missing or damaged.
    """
    trainer = read_trainer(path)
    return TrainerDescription(path, trainer, trainer.create in processor_names())


def _as_json(io: TrainerIo) -> dict[str, str]:
    return {"id": io.id, "data": io.data}
