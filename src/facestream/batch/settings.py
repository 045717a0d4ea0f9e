"""The settings of a batch beside the options of its items: one table, which the command line and docs show."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from facestream.config import check_options, make_option

__all__ = ["BatchOptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOptions:
    """Settings of a batch.

    Raises:
        OptionError: a value out of its range.
    """

    num_workers: int | str = make_option(
        "auto",
        flag="--workers",
        minimum=1,
        maximum=10_000,
        word="auto",
        metavar="N|auto",
        help="How many work at once. auto is one a core, as far as memory goes, or one a GPU; on Ray, as many as the "
        "cluster has room for, now and as it grows.",
    )
    ray: bool | str = make_option(
        False,
        metavar="[ADDRESS]",
        help="Work on a Ray cluster, by its address or, without one, the one that RAY_ADDRESS names or that runs on "
        "this machine, else on Ray on this machine alone. Input and output must be reachable from every node.",
    )
    ray_gpus: float | None = make_option(
        None,
        minimum=0.0,
        maximum=64.0,
        kind=int | float,
        metavar="N",
        help="GPUs of each worker on Ray, such as 1 or 0.5; 1 with --device cuda and 0 else when left out.",
    )
    split: int | str = make_option(
        "auto",
        minimum=1,
        maximum=10_000,
        word="auto",
        metavar="N|auto",
        help="Divide long videos into so many segments, which are looked at at once; results do not depend on it. 1 "
        "divides none; auto is four a worker, of 1,500 frames or more.",
    )
    retry_failed: bool = make_option(False, help="Do items again that failed or whose source broke off.")
    by_hash: bool = make_option(
        False,
        flag="--hash",
        help="Take an input for unchanged if its content is (SHA-256), whatever its time; reads every input.",
    )
    dry_run: bool = make_option(False, help="Say what would be done; do and write nothing.")
    limit: int | None = make_option(None, minimum=0, metavar="N", help="Do N items at most.")
    state: Path | None = make_option(
        None,
        is_path=True,
        metavar="FOLDER",
        help="Where journal, log and list of failures lie, a folder on a local disk for each batch; "
        "facestream-batch in the output folder when left out, or your state folder where that is elsewhere.",
    )

    def __post_init__(self) -> None:
        check_options(self)
