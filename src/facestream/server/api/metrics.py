"""Counters and rates of the queue in the text format of Prometheus."""

from __future__ import annotations

from facestream.server.service import JobService

__all__ = ["format_metrics"]


def format_metrics(service: JobService) -> str:
    """Return the metrics in the format of https://prometheus.io/docs/instrumenting/exposition_formats/."""
    lines = ["# HELP facestream_jobs Jobs that are kept, by state.", "# TYPE facestream_jobs gauge"]
    lines += [
        f'facestream_jobs{{state="{status.name.lower()}"}} {count}' for status, count in service.store.counts().items()
    ]
    lines += ["# HELP facestream_workers Worker processes.", "# TYPE facestream_workers gauge"]
    lines.append(f"facestream_workers {service.options.num_workers}")
    lines += [
        "# HELP facestream_frames_per_second Of running jobs together.",
        "# TYPE facestream_frames_per_second gauge",
    ]
    lines.append(f"facestream_frames_per_second {service.workers.fps:.3f}")
    return "\n".join(lines) + "\n"
