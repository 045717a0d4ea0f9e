"""From what two cores do to what many machines would: a model, not a measurement (docs/scale.md)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["Facts", "Prediction", "measure_facts", "predict"]

MACHINES = (1, 10, 1_000)
CORES = 16
"""Of a machine."""

RATE_HZ = 25
ITEM_MINUTES = 10
"""Of a video."""

DOLLARS_A_CORE_HOUR = 0.0504
"""An m7i.large has two and costs 0.1008 dollars an hour on demand in us-east-1 (aws.amazon.com/ec2/pricing)."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What was measured."""

    two_cores: float
    """Times what one core does."""
    driven: float
    """Items that one driver plans and drives in a second."""
    dispatched_here: float
    dispatched_on_ray: float
    """Items a second that go through two workers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """For so many machines."""

    num_machines: int
    size: str
    """Of the frames."""
    fps: float
    times_real: float
    """Hours of video that are looked at in an hour."""
    read_bytes_s: float
    written_bytes_s: float
    items_s: float
    dollars: float
    """Of 1,000 hours of video."""


def measure_facts(report: dict[str, Any]) -> Facts:
    """Out of the results of ``batching.py``."""
    results = {result["name"]: result for result in report["results"]}
    ways = {row["way"]: row["per_second"] for row in results["dispatch"]["rows"]}
    figures = {name: {f["label"]: f["value"] for f in result["figures"]} for name, result in results.items()}
    return Facts(
        two_cores=figures["workers"]["two workers, times a single-threaded one"],
        driven=figures["plan"]["planned and driven"],
        dispatched_here=ways["here"],
        dispatched_on_ray=ways.get("on Ray", float("nan")),
    )


def predict(report: dict[str, Any]) -> Iterator[Prediction]:
    """Every core is worth as much as one of the two that were measured; what all share costs nothing yet."""
    facts = measure_facts(report)
    (core,) = (result["rows"] for result in report["results"] if result["name"] == "core")
    for num_machines in MACHINES:
        for row in core:
            num_cores = num_machines * CORES
            fps = num_cores * row["fps"] * facts.two_cores / 2
            times_real = fps / RATE_HZ
            yield Prediction(
                num_machines=num_machines,
                size=row["size"],
                fps=fps,
                times_real=times_real,
                read_bytes_s=fps * row["read_bytes_a_frame"],
                written_bytes_s=fps * row["written_bytes_a_frame"],
                items_s=fps / (ITEM_MINUTES * 60 * RATE_HZ),
                dollars=1000 / times_real * num_cores * DOLLARS_A_CORE_HOUR,
            )
