"""api: a request for a view becomes an answer, beside a Starlette endpoint that echoes its JSON."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import mkdtemp
from typing import Any
from urllib.request import urlopen

from canary.model import Scope
from canary.plant.keys import new_key
from canary.ports import system_clock
from scripts.measure.cost import Group, end, new_group
from scripts.measure.figure import Figure, Plan, micros, percentile, times
from scripts.measure.hosts import LOCAL, PATIENCE, Broken, free_port
from scripts.measure.house import opened
from scripts.measure.mint import DOMAINS
from scripts.measure.runs import ROOT, canary, work

CONNECTIONS = 50
SECONDS = 10.0
AIM_RATE, AIM_P99, AIM_RATIO = 2000.0, 0.030, 1.6
ECHO = "Starlette echo"
KINDS = {
    "again": "canary, repeated views",
    "mix": "canary, one view in ten a first one",
    "first": "canary, first views",
}


@dataclass(frozen=True, slots=True)
class Spent:
    """What requests cost: how many a second, latencies, and the server's CPU seconds for each."""

    rate: float
    p50: float
    p99: float
    cpu: float


def measure(plan: Plan) -> Figure:
    """Measure both with the same client and requests: 50 connections, each kept."""
    home = Path(mkdtemp(dir=plan.folder))
    canary(home, "init", *DOMAINS)
    with opened(home) as (planter, _, _):
        _, key = new_key(planter.store, "bench", Scope.PLANT, system_clock(), rate=100_000_000)
    seconds = max(SECONDS * plan.scale, 1.0)
    spent: dict[str, list[Spent]] = {name: [] for name in (*KINDS.values(), ECHO)}
    for turn in range(plan.rounds):
        with serving(home, echo=False) as (port, group):
            for place, (kind, name) in enumerate(KINDS.items()):
                start = (turn * len(KINDS) + place + 1) * 10_000_000
                _asked(port, key, kind, max(seconds / 4, 1.0), start + 5_000_000, group)
                spent[name].append(_asked(port, key, kind, seconds, start, group))
        with serving(home, echo=True) as (port, group):
            _asked(port, key, "again", max(seconds / 4, 1.0), 0, group)
            spent[ECHO].append(_asked(port, key, "again", seconds, 0, group))
    return _figure(plan, seconds, spent)


def _asked(port: int, key: str, kind: str, seconds: float, start: int, group: Group) -> Spent:
    before = group.cpu()
    took: Sequence[float] = work(
        "asking.asked",
        port=port,
        path="/v1/accesses",
        key=key,
        kind=kind,
        connections=CONNECTIONS,
        seconds=seconds,
        start=start,
    ).told
    cpu = group.cpu() - before
    return Spent(len(took) / seconds, percentile(took, 0.5), percentile(took, 0.99), cpu / len(took))


@contextmanager
def serving(home: Path, *, echo: bool) -> Iterator[tuple[int, Group]]:
    """Serve on a free port until the block ends. Raises Broken."""
    port, group = free_port(), new_group()
    command = [sys.executable, "-m"]
    if echo:
        command += ["scripts.measure.echoing", str(port)]
    else:
        settings = (f"--set=api.listen={LOCAL}:{port}", "--set=log.level=warning")
        command += ["canary", "--config", str(home / "canary.toml"), *settings, "serve", "--only", "api"]
    told = home / "told.log"
    with told.open("wb") as log:
        process = subprocess.Popen(
            group.command(command), cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=_environ()
        )
    group.started(process)
    try:
        _answers(port, process, told)
        yield port, group
    finally:
        end(group, process)


def _environ() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("CANARY_")}


def _answers(port: int, process: "subprocess.Popen[Any]", told: Path) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), urlopen(f"http://{LOCAL}:{port}/livez", timeout=2):
            return
        time.sleep(0.05)
    raise Broken(f"it does not answer: {told.read_bytes()[-1500:].decode(errors='replace').strip()}")


def _figure(plan: Plan, seconds: float, spent: dict[str, list[Spent]]) -> Figure:
    figure = Figure(
        "api",
        f"POST /v1/accesses, one access each, over {CONNECTIONS} connections",
        ("server", "requests/s", "p50", "p99", "CPU each", "time to echo's", "CPU to echo's"),
    )
    middles = {
        name: Spent(
            *(median(getattr(each, part) for each in rounds) for part in ("rate", "p50", "p99", "cpu"))
        )
        for name, rounds in spent.items()
    }
    echo = middles[ECHO]
    for name, each in middles.items():
        figure.rows.append(
            (
                name,
                f"{each.rate:,.0f}",
                *map(micros, (each.p50, each.p99, each.cpu)),
                times(echo.rate / each.rate),
                times(each.cpu / echo.cpu),
            )
        )
        figure.data[name] = {
            "requests_per_second": each.rate,
            "p50_seconds": each.p50,
            "p99_seconds": each.p99,
            "cpu_seconds_each": each.cpu,
            "time_to_echo": echo.rate / each.rate,
            "cpu_to_echo": each.cpu / echo.cpu,
        }
    figure.notes = [
        f"medians of {plan.rounds} rounds of {seconds:g} s; one client, in Python, on these cores",
        f"aims: {AIM_RATE:,.0f}/s, p99 within {micros(AIM_P99)}, {times(AIM_RATIO)} the cost of the echo",
        "canary's time and CPU contain the commits: a first view is durable before its answer",
    ]
    return figure
