"""A name becomes a server to measure: canary as it is run, and what else receives mail."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from tempfile import mkdtemp

from scripts.measure import peers
from scripts.measure.hosts import LOCAL, Broken, Host, running

BESIDE = Path(__file__).parent / "beside"
DOMAIN = "mail00.example"
OURS, OURS_TWICE = "canary", "canary, 2 workers"
SINK, DURABLE, BARE = "smtp-sink", "Postfix durable", "aiosmtpd bare"
POSTFIX = """
compatibility_level = 3.6
command_directory = /usr/sbin
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
myhostname = mx.{domain}
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
relay_domains = {domain}
relay_transport = discard:
default_transport = discard:
local_transport = error:no local mail here
alias_maps =
alias_database =
default_process_limit = 200
in_flow_delay = 0
message_size_limit = 30000000
smtpd_client_connection_count_limit = 0
"""
SERVICES = (
    ("pickup", "unix", "n", "1", "pickup"),
    ("cleanup", "unix", "n", "0", "cleanup"),
    ("qmgr", "unix", "n", "1", "qmgr"),
    ("rewrite", "unix", "-", "-", "trivial-rewrite"),
    ("bounce", "unix", "-", "0", "bounce"),
    ("defer", "unix", "-", "0", "bounce"),
    ("trace", "unix", "-", "0", "bounce"),
    ("flush", "unix", "n", "0", "flush"),
    ("proxymap", "unix", "-", "-", "proxymap"),
    ("showq", "unix", "n", "-", "showq"),
    ("error", "unix", "-", "-", "error"),
    ("retry", "unix", "-", "-", "error"),
    ("discard", "unix", "-", "-", "discard"),
    ("anvil", "unix", "-", "1", "anvil"),
    ("scache", "unix", "-", "1", "scache"),
    ("postlog", "unix-dgram", "n", "1", "postlogd"),
)
OPENSMTPD = """
smtp limit max-mails 10000000
listen on 127.0.0.1 port {port} hostname mx.{domain}
action "keep" relay host smtp://127.0.0.1:9
match from any for any action "keep"
"""


@dataclass(frozen=True, slots=True)
class Server:
    """What to measure. `ready` fetches what is missing and tells the version; it raises peers.Missing."""

    name: str
    ready: Callable[[], str]
    run: Callable[[Path], AbstractContextManager[Host]]

    @property
    def word(self) -> str:
        """Return what names it on the command line."""
        return self.name.replace(",", "").replace(" ", "-").lower()


def servers(home: Path) -> list[Server]:
    """Return every server; canary runs on copies of a home."""
    return [
        Server(OURS, partial(version, "canary"), partial(canary, home, 1)),
        Server(OURS_TWICE, partial(version, "canary"), partial(canary, home, 2)),
        Server(SINK, _postfix_version, smtp_sink),
        Server(DURABLE, _postfix_version, postfix),
        Server("OpenSMTPD queueing", _opensmtpd_version, opensmtpd),
        Server("Haraka fsync", partial(_npm_version, "Haraka"), partial(haraka, "haraka_keep")),
        Server("Haraka discarding", partial(_npm_version, "Haraka"), partial(haraka, "haraka_discard")),
        Server("nodemailer discarding", partial(_npm_version, "smtp-server"), nodemailer),
        Server(BARE, partial(version, "aiosmtpd"), aiosmtpd),
    ]


@contextmanager
def canary(home: Path, workers: int, folder: Path, settings: Iterable[str] = ()) -> Iterator[Host]:
    """Run `canary serve` on a copy of a home; `workers` is sink.workers."""
    shutil.copytree(home, folder / "home")
    appraising = "origin.appraise=false"  # what is found out after the 250 is measured by itself
    given = [*([f"sink.workers={workers}"] if workers > 1 else []), appraising, *settings]
    with running(
        folder,
        lambda port: [
            *(sys.executable, "-m", "canary", "--config", folder / "home" / "canary.toml"),
            *(f"--set={each}" for each in given),
            *("serve", "--listen", f"{LOCAL}:{port}"),
        ],
    ) as host:
        yield host


@contextmanager
def aiosmtpd(folder: Path) -> Iterator[Host]:
    """Run aiosmtpd with a handler that says 250."""
    task = [sys.executable, "-m", "scripts.measure.work", "baselines.bare"]
    with running(folder, lambda port: [*task, json.dumps({"port": port})], descriptors=True) as host:
        yield host


@contextmanager
def smtp_sink(folder: Path) -> Iterator[Host]:
    """Run Postfix's smtp-sink, which reads and forgets."""
    program = Path(peers.postfix()) / "smtp-sink"
    user = [] if os.geteuid() else ["-u", "nobody"]
    with running(folder, lambda port: [program, *user, "-m", "2000", f"{LOCAL}:{port}", "1000"]) as host:
        yield host


@contextmanager
def postfix(folder: Path) -> Iterator[Host]:
    """Run a Postfix with configuration, queue and log of its own; it queues, then discards."""
    peers.root("Postfix")
    for each in ("etc", "queue", "data"):
        (folder / each).mkdir()
    shutil.chown(folder / "data", "postfix")
    text = POSTFIX.format(folder=folder, domain=DOMAIN)
    (folder / "etc" / "main.cf").write_text(text, encoding="ascii")

    def args(port: int) -> list[str]:
        lines = [f"{LOCAL}:{port} inet n - n - - smtpd"]
        lines += [
            f"{name} {kind} {private} - n - {most} {what}" for name, kind, private, most, what in SERVICES
        ]
        (folder / "etc" / "master.cf").write_text("\n".join(lines) + "\n", encoding="ascii")
        return [str(Path(peers.postfix()) / "postfix"), "-c", str(folder / "etc"), "start-fg"]

    with running(folder, args) as host:
        yield host


@contextmanager
def opensmtpd(folder: Path) -> Iterator[Host]:
    """Run an OpenSMTPD that queues and does not deliver: it cannot discard without a process a mail."""
    files = peers.opensmtpd()

    def args(port: int) -> list[str | Path]:
        text = OPENSMTPD.format(port=port, domain=DOMAIN)
        (folder / "smtpd.conf").write_text(text, encoding="ascii")
        return ["unshare", "--mount", BESIDE / "opensmtpd.sh", files, folder]

    with running(folder, args) as host:
        yield host


@contextmanager
def haraka(plugin: str, folder: Path) -> Iterator[Host]:
    """Run Haraka in one process, with nothing but our plugin."""
    modules = peers.npm("Haraka")
    for each in ("plugins", "queue"):
        (folder / each).mkdir()
    shutil.copytree(modules / "node_modules/Haraka/config", folder / "config")
    shutil.copy(BESIDE / f"{plugin}.js", folder / "plugins")
    (folder / "config" / "log.ini").write_text("[main]\nlevel=warn\n", encoding="ascii")
    (folder / "config" / "plugins").write_text(f"{plugin}\n", encoding="ascii")
    (folder / "config" / "me").write_text(f"mx.{DOMAIN}\n", encoding="ascii")

    def args(port: int) -> list[str | Path]:
        (folder / "config" / "smtp.ini").write_text(f"listen={LOCAL}:{port}\n", encoding="ascii")
        return [peers.node(), modules / "node_modules/Haraka/bin/haraka", "-c", folder]

    with running(folder, args, {"BENCH_QUEUE": str(folder / "queue")}) as host:
        yield host


@contextmanager
def nodemailer(folder: Path) -> Iterator[Host]:
    """Run nodemailer's smtp-server."""
    modules = peers.npm("smtp-server")
    environ = {"NODE_PATH": str(modules / "node_modules")}
    with running(folder, lambda _: [peers.node(), BESIDE / "nodemailer.js"], environ) as host:
        yield host


def available(
    wanted: Iterable[Server], without: Iterable[str], say: Callable[[str], None]
) -> tuple[list[Server], dict[str, str]]:
    """Return the servers that can be had, and what is known of each: its version, or why it is missing."""
    found, known = [], {}
    for server in wanted:
        if server.word in without:
            known[server.name] = "left out, as asked (--without)"
            continue
        try:
            known[server.name] = server.ready()
            found.append(server)
        except peers.Missing as error:
            known[server.name] = f"MISSING: {error}"
            say(f"NOT MEASURED: {server.name}: {error}")
    return found, known


@contextmanager
def on_duty(server: Server, folder: Path) -> Iterator[Host]:
    """Run a server in a folder of its own, deleted afterwards. Raises Broken with its name."""
    made = Path(mkdtemp(prefix="host-", dir=folder))
    made.chmod(0o755)  # daemons that are not root must reach their queue
    try:
        with server.run(made) as host:
            yield host
    except Broken as error:
        raise Broken(f"{server.name}: {error}") from error
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _postfix_version() -> str:
    folder = peers.postfix()
    peers.root("Postfix")
    return f"Postfix {peers.version_of([f'{folder}/postconf', '-dh', 'mail_version'])}"


def _opensmtpd_version() -> str:
    return peers.version_of([str(peers.opensmtpd() / "usr/sbin/smtpd"), "-h"])


def _npm_version(package: str) -> str:
    peers.npm(package)
    return f"{package} {peers.NPM[package]}, Node {peers.version_of([peers.node(), '--version'])}"


NAMES = [server.word for server in servers(Path())]
