"""A real Postfix of the tests' own that receives for our domains, and what is said to it."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from socket import create_connection, create_server

from tests.parts import need

PATIENCE = 30.0
MAIN_CF = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
myhostname = {hostname}
mydestination = $myhostname, example.net, example.org
mynetworks = 192.0.2.254/32
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_dns_support_level = disabled
smtpd_peername_lookup = no
smtpd_relay_restrictions = reject_unauth_destination
smtpd_tls_security_level = may
smtpd_tls_cert_file = {cert}
smtpd_tls_key_file = {key}
message_size_limit = 100000
recipient_delimiter = +
local_recipient_maps = inline:{{ {people} }}
local_transport = discard
default_transport = discard
alias_maps =
alias_database =
"""
SERVICES = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n - 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n - 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n - 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
tlsmgr unix - - n - 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""


@contextmanager
def receiving_postfix(hostname: str, people: Sequence[str], cert: Path, key: Path) -> Iterator[int]:
    """Run a Postfix where these people have mailboxes, and give its port."""
    need(shutil.which("postfix", path="/usr/sbin:/usr/bin"), "postfix")
    need(os.geteuid() == 0, "root, whom Postfix wants for its master")
    with tempfile.TemporaryDirectory(prefix="postfix-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # its daemons are not root and must reach the queue
        for each in ("etc", "queue", "data"):
            (folder / each).mkdir()
        shutil.chown(folder / "data", "postfix")
        known = ", ".join(f"{{{person} = x}}" for person in people)
        text = MAIN_CF.format(folder=folder, hostname=hostname, cert=cert, key=key, people=known)
        (folder / "etc" / "main.cf").write_text(text, encoding="ascii")
        with closing(create_server(("127.0.0.1", 0))) as server:
            port = int(server.getsockname()[1])
        (folder / "etc" / "master.cf").write_text(SERVICES.format(port=port), encoding="ascii")
        _command(folder, "start")
        try:
            deadline = time.monotonic() + PATIENCE
            while not _answers(port):
                assert time.monotonic() < deadline, (folder / "postfix.log").read_text()
                time.sleep(0.02)
            yield port
        finally:
            _command(folder, "stop")


def _command(folder: Path, verb: str) -> None:
    done = subprocess.run(
        ["/usr/sbin/postfix", "-c", str(folder / "etc"), verb],
        capture_output=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr.decode()


def _answers(port: int) -> bool:
    with suppress(OSError), create_connection(("127.0.0.1", port), 1) as client:
        return client.recv(3) == b"220"
    return False
