"""The settings of the job server: one table of name, default, limits and help for the command line and the docs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from facestream.config import check_options, make_option
from facestream.errors import OptionError

if TYPE_CHECKING:
    import ipaddress

__all__ = ["ServerOptions", "is_loopback"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """Settings of the job server.

    Raises:
        OptionError: a value out of its range, or settings that do not go together.
    """

    host: str = make_option(
        "127.0.0.1",
        metavar="ADDRESS",
        environment=("DISCOVER_HOST",),
        help="Address to listen on. Any but this machine's own needs --token or --trust.",
    )
    port: int = make_option(
        8080, minimum=0, maximum=65535, metavar="N", environment=("DISCOVER_PORT",), help="Port; 0 chooses a free one."
    )
    data_dirs: tuple[Path, ...] = make_option(
        (Path(),),
        flag="--data-dir",
        is_path=True,
        is_repeatable=True,
        metavar="FOLDER",
        environment=("DISCOVER_DATA_DIR",),
        help="Folder that jobs may read and write, may be given several times; relative paths are looked up in each "
        "in order, and outputs go to the first.  [default: the working directory]",
    )
    cml_dir: Path | None = make_option(
        None,
        is_path=True,
        metavar="FOLDER",
        environment=("DISCOVER_CML_DIR",),
        help="Folder of your own trainer files, in addition to those of facestream.",
    )
    cache_dir: Path | None = make_option(
        None,
        is_path=True,
        metavar="FOLDER",
        environment=("DISCOVER_CACHE_DIR",),
        help="Folder for converted networks; your cache folder by default.",
    )
    tmp_dir: Path | None = make_option(
        None,
        is_path=True,
        metavar="FOLDER",
        environment=("DISCOVER_TMP_DIR",),
        help="Folder for uploads and results for download; in the state folder by default.",
    )
    log_dir: Path | None = make_option(
        None,
        is_path=True,
        metavar="FOLDER",
        environment=("DISCOVER_LOG_DIR",),
        help="Folder for the logs of jobs; in the state folder by default.",
    )
    state_dir: Path | None = make_option(
        None,
        is_path=True,
        metavar="FOLDER",
        help="Folder for the queue, outside of the data folders; by default one for each first data folder.",
    )
    new_queue: bool = make_option(
        False,
        help="Set a damaged queue aside under a name with the date, and start a new one; an intact queue is kept.",
    )
    num_workers: int = make_option(
        1, flag="--workers", minimum=1, maximum=64, metavar="N", help="Number of jobs that run at once."
    )
    executor: str = make_option(
        "local",
        choices=("local", "ray"),
        help="Where jobs run: in processes on this machine, or on a Ray cluster whose nodes have the data folders too.",
    )
    ray_address: str | None = make_option(
        None,
        metavar="HOST:PORT",
        help="The Ray cluster; by default that of RAY_ADDRESS, or the one that runs on this machine.",
    )
    tls: bool = make_option(
        False,
        environment=("DISCOVER_USE_TLS",),
        help="Speak https instead of http, with a certificate that is made once and kept; NOVA speaks nothing else.",
    )
    tls_port: int | None = make_option(
        None, minimum=0, maximum=65535, metavar="N", help="Also serve https at this port, in addition to http."
    )
    certfile: Path | None = make_option(None, is_path=True, help="A certificate of your own (PEM).")
    keyfile: Path | None = make_option(None, is_path=True, help="The key of the certificate.")
    token: str | None = make_option(
        None, metavar="TEXT", help="Clients must send it: Authorization: Bearer TEXT. Better given by the environment."
    )
    trusted_networks: tuple[str, ...] = make_option(
        (),
        flag="--trust",
        is_repeatable=True,
        metavar="CIDR",
        help="Network whose clients need no token, such as 192.168.1.0/24, may be given several times.",
    )
    allowed_hosts: tuple[str, ...] = make_option(
        (),
        flag="--allowed-host",
        is_repeatable=True,
        metavar="NAME",
        help="Name under which browsers may reach the server, in addition to localhost and IP addresses.",
    )
    allow_url: bool = make_option(False, help="Jobs may download their inputs from public http and https addresses.")
    max_body_mb: int = make_option(
        300, minimum=1, metavar="MB", help="Limit on the size of a request, except for uploads."
    )
    max_upload_mb: int = make_option(20_000, minimum=1, metavar="MB", help="Limit on the size of an upload.")
    keep_days: int = make_option(
        90,
        minimum=1,
        metavar="DAYS",
        help="Remove ended jobs, their logs, uploads and results after so many days.",
    )
    keep_jobs: int = make_option(10_000, minimum=1, metavar="N", help="Number of ended jobs that are kept.")

    def __post_init__(self) -> None:
        check_options(self)
        if not self.data_dirs:
            raise OptionError("the server needs a data folder: --data-dir FOLDER")
        for folder in self.data_dirs:
            if not folder.is_dir():
                raise OptionError(f"--data-dir {folder}: there is no such folder; make it first")
        if (self.certfile is None) != (self.keyfile is None):
            raise OptionError("--certfile and --keyfile belong together; give both")
        if self.certfile is not None and not self.tls and self.tls_port is None:
            raise OptionError("--certfile is for https; give --tls or --tls-port N as well")
        if self.ray_address and self.executor != "ray":
            raise OptionError(f"--ray-address {self.ray_address} is for --executor ray; give that as well")
        for text in self.trusted_networks:
            _network(text)
        if not is_loopback(self.host) and not self.token and not self.trusted_networks:
            raise OptionError(
                f"--host {self.host}: others could start jobs there; give --token TEXT, or --trust CIDR for clients "
                "that cannot send one"
            )
        for name in ("state", "tmp", "log"):
            place = Path(os.path.realpath(getattr(self, f"{name}_folder")))
            for folder in self.data_dirs:
                if place.is_relative_to(os.path.realpath(folder)):
                    raise OptionError(
                        f"--{name}-dir {place} lies in the data folder {folder}, where jobs could read and write it; "
                        f"give another --{name}-dir, or a --data-dir that does not hold it"
                    )

    @property
    def networks(self) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        return tuple(map(_network, self.trusted_networks))

    @property
    def state_folder(self) -> Path:
        """Return the state folder of this server; there is one for each first data folder."""
        if self.state_dir is not None:
            return self.state_dir
        import hashlib

        import platformdirs

        digest = hashlib.sha256(os.fsencode(os.path.realpath(self.data_dirs[0]))).hexdigest()[:16]
        return platformdirs.user_state_path("facestream", appauthor=False) / "server" / digest

    @property
    def tmp_folder(self) -> Path:
        return self.tmp_dir or self.state_folder / "tmp"

    @property
    def log_folder(self) -> Path:
        return self.log_dir or self.state_folder / "log"


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine only."""
    import ipaddress

    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    import ipaddress

    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise OptionError(f"--trust {text}: no network such as 192.168.1.0/24 ({error})") from None
