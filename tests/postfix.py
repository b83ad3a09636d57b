"""A real Postfix of the tests' own, on a free port of loopback, with a queue and a log of its own."""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from socket import create_connection, create_server
from typing import Any

from tests.parts import need

PATIENCE = 120.0
MAIN_CF = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_dns_support_level = disabled
default_transport = discard
alias_maps =
alias_database =
minimal_backoff_time = 300s
queue_run_delay = 300s
"""
MASTER_CF = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n - 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n - 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n - 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
lmtp unix - - y - - lmtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n - 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""
"""As Debian has it, but for chroots, where these have what they need; lmtp is left as it is there."""


@dataclass(frozen=True)
class Postfix:
    """A Postfix that runs."""

    folder: Path
    port: int

    def command(self, program: str, *arguments: str) -> None:
        """Run one of its programs; fails where that does."""
        done = subprocess.run(
            [f"/usr/sbin/{program}", "-c", str(self.folder / "etc"), *arguments],
            capture_output=True,
            check=False,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, (done.stderr.decode(), self.log())

    def log(self) -> str:
        file = self.folder / "postfix.log"
        return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""

    def fate(self, queue_id: str, status: str) -> str:
        """Wait for the line that says what became of a mail and return it."""
        pattern = re.compile(rf"{queue_id}: to=.*status={status} .*")
        return str(self._until(lambda: pattern.search(self.log()), f"{queue_id} is {status}")[0])

    def deliver_again(self, queue_id: str) -> None:
        """Wait until a mail is deferred, and have it tried again at once."""
        self.fate(queue_id, "deferred")
        waiting = self.folder / "queue" / "deferred"
        self._until(lambda: [*waiting.glob(f"**/{queue_id}")], f"{queue_id} is in the deferred queue")
        self.command("postqueue", "-f")

    def wait_until_it_answers(self) -> None:
        self._until(lambda: _answers(self.port), "Postfix answers")

    def _until(self, condition: Callable[[], Any], what: str) -> Any:
        deadline = time.monotonic() + PATIENCE
        while not (value := condition()):
            assert time.monotonic() < deadline, f"not within {PATIENCE:g} s: {what}\n{self.log()[-3000:]}"
            time.sleep(0.02)
        return value


@contextmanager
def running_postfix(main_cf: str, master_cf: str = "") -> Iterator[Postfix]:
    """Run a Postfix with these settings and services beside the usual ones, before which they go."""
    need(shutil.which("postfix", path="/usr/sbin:/usr/bin"), "postfix")
    need(os.geteuid() == 0, "root, whom Postfix wants for its master")
    with tempfile.TemporaryDirectory(prefix="postfix-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # its daemons are not root and must reach the queue
        for each in ("etc", "queue", "data"):
            (folder / each).mkdir()
        shutil.chown(folder / "data", "postfix")
        made = Postfix(folder, free_port())
        text = MAIN_CF.format(folder=folder) + main_cf
        (folder / "etc" / "main.cf").write_text(text, encoding="ascii")
        services = MASTER_CF.format(port=made.port) + master_cf
        (folder / "etc" / "master.cf").write_text(services, encoding="ascii")
        made.command("postfix", "start")
        try:
            made.wait_until_it_answers()
            yield made
        finally:
            made.command("postfix", "stop")


def _answers(port: int) -> bool:
    with suppress(OSError), create_connection(("127.0.0.1", port), 1) as client:
        return client.recv(3) == b"220"
    return False


def free_port() -> int:
    with closing(create_server(("127.0.0.1", 0))) as server:
        return int(server.getsockname()[1])
