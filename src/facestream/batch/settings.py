"""The settings of a batch, in addition to the options of its items: one table for the command line and the docs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from facestream.config import check_options, make_option

__all__ = ["BatchOptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOptions:
    """Settings of a batch.

    Raises:
        OptionError: A value is out of range.
    """

    num_workers: int | str = make_option(
        "auto",
        flag="--workers",
        minimum=1,
        maximum=10_000,
        word="auto",
        metavar="N|auto",
        help="Number of parallel workers. auto is one per core, as far as memory allows, or one per GPU; on Ray, as "
        "many as the cluster has room for, now and as it grows.",
    )
    ray: bool | str = make_option(
        False,
        metavar="[ADDRESS]",
        help="Run on the Ray cluster at ADDRESS. Without ADDRESS: the cluster that RAY_ADDRESS names or that runs on "
        "this machine, otherwise Ray on this machine alone. Input and output must be reachable from every node.",
    )
    ray_gpus: float | None = make_option(
        None,
        minimum=0.0,
        maximum=64.0,
        kind=int | float,
        metavar="N",
        help="GPUs per worker on Ray, such as 1 or 0.5; by default, 1 with --device cuda and 0 otherwise.",
    )
    split: int | str = make_option(
        "auto",
        minimum=1,
        maximum=10_000,
        word="auto",
        metavar="N|auto",
        help="Divide long videos into N segments that are processed in parallel; it does not affect results. 1 "
        "disables this; auto is four per worker, of at least 1,500 frames each.",
    )
    retry_failed: bool = make_option(False, help="Retry items that failed or whose source ended early.")
    by_hash: bool = make_option(
        False,
        flag="--hash",
        help="Detect changed inputs by their content (SHA-256) instead of size and time; this reads every input.",
    )
    dry_run: bool = make_option(False, help="Show what would be processed, without processing or writing anything.")
    limit: int | None = make_option(None, minimum=0, metavar="N", help="Process at most N items.")
    state: Path | None = make_option(
        None,
        is_path=True,
        metavar="FOLDER",
        help="Folder on a local disk for journal, log and list of failures, one for each batch; by default, "
        "facestream-batch in the output folder, or your user state folder if the output is remote.",
    )

    def __post_init__(self) -> None:
        check_options(self)
