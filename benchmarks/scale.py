"""Extrapolation from two cores to many machines: a model, not a measurement (docs/scale.md)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["Facts", "Prediction", "measure_facts", "predict"]

MACHINES = (1, 10, 1_000)
CORES = 16
"""Cores per machine."""

RATE_HZ = 25
ITEM_MINUTES = 10
"""Length of a video in minutes."""

DOLLARS_A_CORE_HOUR = 0.0504
"""An m7i.large has two cores and costs $0.1008 per hour on demand in us-east-1 (aws.amazon.com/ec2/pricing)."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The measurements that the model is based on."""

    two_cores: float
    """Speed relative to one core."""
    driven: float
    """Items per second that one driver plans and drives."""
    dispatched_here: float
    dispatched_on_ray: float
    """Items per second that two workers process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """The predicted performance of a number of machines."""

    num_machines: int
    size: str
    """The frame size."""
    fps: float
    times_real: float
    """Hours of video processed per hour."""
    read_bytes_s: float
    written_bytes_s: float
    items_s: float
    dollars: float
    """Cost of 1,000 hours of video."""


def measure_facts(report: dict[str, Any]) -> Facts:
    """Extract the measurements from the results of ``batching.py``."""
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
    """Predict the performance, if every core is as fast as each of the two measured, without shared limits."""
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
