"""smtp-idle: what connections cost that say EHLO and no more."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from resource import RLIMIT_NOFILE, getrlimit

from scripts.measure.cost import resident
from scripts.measure.figure import Figure, Plan, mib
from scripts.measure.ground import Ground, ground, say
from scripts.measure.hosts import Broken, Host
from scripts.measure.runs import ROOT
from scripts.measure.servers import BARE, OURS, OURS_TWICE, Server, canary, on_duty

FULL = 10_000
SPARE = 1000
AIM = 250 * 2**20


def measure(plan: Plan) -> Figure:
    """Measure the resident memory of a server before and while it holds idle connections."""
    wanted = plan.of(FULL, 500)
    most = getrlimit(RLIMIT_NOFILE)[1] - SPARE
    connections = min(wanted, most) if most > 0 else wanted
    with ground(plan, 100, (OURS, OURS_TWICE, BARE)) as on:
        figure = Figure(
            "smtp-idle",
            f"{connections:,} idle connections from 200 addresses",
            ("server", "greeted", "memory before", "memory with them", "a connection", f"at most {mib(AIM)}"),
        )
        for server in on.servers:
            lifted = _lifted(on, server, connections)
            with on.surviving(server), on_duty(lifted, plan.folder) as host:
                _row(figure, server.name, host, connections)
        figure.notes = [
            (
                "resident memory of all the server's processes, pages that they share counted for each; the "
                "kernel's socket buffers are not in it"
            ),
            f"sink.max_connections is {connections + 500:,}; its limits by network spare loopback anyway",
            *on.notes(),
        ]
        if connections < wanted:
            figure.notes.insert(0, f"`ulimit -Hn` allows no more; {wanted:,} were wanted")
    return figure


def _row(figure: Figure, name: str, host: Host, connections: int) -> None:
    host.settle()
    before = resident(host.group)
    with _held(host.port, connections) as codes:
        host.settle()
        after = resident(host.group)
    greeted = codes.get("250", 0)
    if greeted != connections:
        say(f"NOT ALL WERE GREETED by {name}: {codes}")
    each = (after - before) / max(greeted, 1)
    figure.rows.append(
        (name, f"{greeted:,}", mib(before), mib(after), f"{each / 1024:.1f} KiB", _said(after))
    )
    figure.data[name] = {
        "codes": codes,
        "before_bytes": before,
        "after_bytes": after,
        "bytes_a_connection": each,
    }


def _said(size: int) -> str:
    return "yes" if size <= AIM else "no"


def _lifted(on: Ground, server: Server, connections: int) -> Server:
    """Return the server with its own limit on connections out of the way."""
    if server.name == BARE:
        return server
    settings = (f"sink.max_connections={connections + 500}",)
    workers = 2 if server.name == OURS_TWICE else 1
    return Server(server.name, server.ready, partial(canary, on.home, workers, settings=settings))


@contextmanager
def _held(port: int, connections: int) -> Iterator[dict[str, int]]:
    task = json.dumps({"port": port, "connections": connections})
    command = [sys.executable, "-m", "scripts.measure.work", "clients.idle", task]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise Broken("the idle client failed")
            yield json.loads(line)
        finally:
            process.kill()
