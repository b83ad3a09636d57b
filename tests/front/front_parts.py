"""The manual's word on Postfix in front becomes a Postfix that runs, with `canary serve` behind it."""

import configparser
import re
import shutil
import smtplib
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.journeys.journey_parts import DOMAINS, EXAMPLES, PATIENCE, ROOT, Home, Serving
from tests.postfix import Postfix, free_port, running_postfix

MANUAL = ROOT / "docs" / "listener.md"
UNIT = EXAMPLES / "canary-lmtp.socket"
SOCKET = "/run/canary/lmtp"
CLIENT = "127.0.0.7"
OWN_NAME = "relay.example"
BESIDE = f"""
myhostname = {OWN_NAME}
mydestination =
smtpd_peername_lookup = no
"""
AS_SYSTEMD = """
import os, shutil, socket, sys
from contextlib import suppress
path, group, mode, name, *command = sys.argv[1:]
with suppress(FileNotFoundError):
    os.unlink(path)
made = socket.socket(socket.AF_UNIX)
made.bind(path)
shutil.chown(path, "root", group)
os.chmod(path, int(mode, 8))
made.listen()
os.dup2(made.fileno(), 3)
os.set_inheritable(3, True)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1", "LISTEN_FDNAMES": name}
os.execv(command[0], command)
"""
"""Open a socket as a unit says and hand it on (sd_listen_fds(3))."""


@dataclass
class Front:
    """A home with decoys, the Postfix in front of it, and how the two meet."""

    home: Home
    postfix: Postfix
    settings: tuple[str, ...]
    wrapped_in: tuple[str, ...]
    decoys: list[str]

    def serving(self) -> AbstractContextManager[Serving]:
        """Run the sink where Postfix looks for it."""
        return self.home.serving(*self.settings, wrapped_in=self.wrapped_in)

    def client(self) -> smtplib.SMTP:
        """Return a stranger who comes from an address of its own."""
        return smtplib.SMTP(
            "127.0.0.1",
            self.postfix.port,
            local_hostname="client.example",
            source_address=(CLIENT, 0),
            timeout=PATIENCE,
        )

    def hits(self, decoy: str) -> list[dict[str, Any]]:
        """Return the hits on a decoy, oldest first."""
        return [hit for hit in reversed(self.home.hits()) if hit["decoy"]["address"] == decoy]


@contextmanager
def front(home: Home, way: str, decoys: list[str]) -> Iterator[Front]:
    """Run the manual's Postfix until the block ends: by `unix` socket, that of `systemd`, or `tcp`."""
    with tempfile.TemporaryDirectory(prefix="front-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # Postfix is not root
        port = free_port()
        socket = f"{folder}/run/lmtp"
        there, here = f"unix:{socket}", f"unix:{socket}"
        if way == "tcp":
            there, here = f"inet:127.0.0.1:{port}", f"127.0.0.1:{port}"
        main_cf, master_cf = manual()
        with running_postfix(BESIDE + main_cf.replace(f"unix:{SOCKET}", there), master_cf) as postfix:
            wrapped_in: tuple[str, ...] = ()
            if way == "systemd":
                (folder / "run").mkdir()
                wrapped_in = as_systemd(socket)
            else:
                make_directory(folder / "run")
            settings = () if way == "systemd" else (f"sink.lmtp={here}",)
            yield Front(home, postfix, settings, wrapped_in, decoys)


def manual() -> tuple[str, str]:
    """Return what the manual has an admin write into main.cf and master.cf, for the domains of these tests.

    What was not answered is asked for again in seconds: nobody waits for minutes here.
    """
    block = re.compile(r"^```\n# (\w+\.cf)\b[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    blocks = dict(block.findall(MANUAL.read_text()))
    main_cf = blocks["main.cf"].replace("your-first.example", DOMAINS[0])
    main_cf = main_cf.replace("your-second.example", DOMAINS[1])
    hasty, count = re.subn(r"(?m)^(address_verify_negative_\w+_time) = \d+m$", r"\1 = 3s", main_cf)
    assert count == 2
    return hasty, blocks["master.cf"]


def make_directory(folder: Path) -> None:
    """Make the directory of the socket as the manual says: with which group and mode."""
    found = re.search(rf"`install -d -o canary -g (\w+) -m (\d+) {Path(SOCKET).parent}`", MANUAL.read_text())
    assert found
    folder.mkdir()
    shutil.chown(folder, group=found[1])
    folder.chmod(int(found[2], 8))


def as_systemd(path: str) -> tuple[str, ...]:
    """Return what starts a program with the socket of the example's unit."""
    unit = configparser.ConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(UNIT)
    told = unit["Socket"]
    assert told["ListenStream"] == SOCKET
    return (
        *(sys.executable, "-c", AS_SYSTEMD, path),
        *(told["SocketGroup"], told["SocketMode"], told["FileDescriptorName"]),
    )
