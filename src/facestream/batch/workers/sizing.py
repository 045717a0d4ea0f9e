"""The number of workers for a machine, and the threads and GPUs of each."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from facestream.config import MeshOptions

__all__ = ["Sizing", "count_cores", "size_workers"]

WORKER_MB = 700
"""Memory of a worker for 1080p video; larger videos take more (README, memory)."""

CGROUP_LIMIT, CGROUP_USE = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")


@dataclass(frozen=True, slots=True)
class Sizing:
    """The workers of one machine."""

    num_workers: int
    num_threads: int | None
    """Threads per worker; ``None`` lets a single worker use all cores, as facestream mesh does."""
    num_gpus: int = 0
    """Number of GPUs, which are assigned to workers in turn; 0 if the CPU is used."""


def size_workers(wanted: int | str, options: MeshOptions) -> Sizing:
    """Size the workers: one per GPU, or one per core as far as memory allows; threads are divided evenly."""
    num_cores = min(count_cores(), options.num_threads or 1_000_000)
    num_gpus = _count_gpus() if options.device in ("auto", "cuda") else 0
    if isinstance(wanted, int):
        num_workers = wanted
    elif num_gpus:
        num_workers = num_gpus
    else:
        free_mb = _free_memory_mb()
        by_memory = num_cores if free_mb is None else free_mb // WORKER_MB
        num_workers = max(1, min(num_cores, by_memory))
    num_threads = options.num_threads if num_workers == 1 else max(1, num_cores // num_workers)
    return Sizing(num_workers, num_threads, num_gpus)


def count_cores() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _count_gpus() -> int:
    """Count the GPUs. PyTorch takes a second to do so, so it is skipped if there is no driver."""
    if not Path("/dev/nvidiactl").exists() and os.name != "nt":
        return 0
    import torch

    return torch.cuda.device_count()


def _free_memory_mb() -> int | None:
    """Return the memory available in the machine and the container; ``None`` if unknown."""
    found = []
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        found += [int(line.split()[1]) // 1000 for line in lines if line.startswith("MemAvailable:")]
        limit = CGROUP_LIMIT.read_text().strip()
        if limit != "max":
            found.append((int(limit) - int(CGROUP_USE.read_text())) // 1_000_000)
    except (OSError, ValueError, IndexError):
        pass
    return min(found, default=None)
