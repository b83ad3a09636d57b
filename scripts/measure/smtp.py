"""smtp: mail as fast as a server takes it, beside every other server, in one run."""

import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from scripts.measure.figure import Figure, Plan
from scripts.measure.ground import RECIPIENT, SENDER, Ground, ground, say
from scripts.measure.hosts import LOCAL, Broken, Host
from scripts.measure.peers import Missing, postfix
from scripts.measure.servers import BARE, DURABLE, OURS, OURS_TWICE, SINK, Server, on_duty

SESSIONS = (1, 10, 50, 100)
SECONDS = 2.5
SHORTEST = 0.5
DECOYS = 25_000
BYTES = 4096
LONGEST = 300


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """How mail is sent: sessions at once, and whether a connection is kept for the next message."""

    kept: bool
    sessions: int

    def __str__(self) -> str:
        """Return the heading of its column."""
        return f"{self.sessions} {'kept' if self.kept else 'new'}"


@dataclass(slots=True)
class Took:
    """What each round said of a cell: messages a second, CPU seconds a thousand messages."""

    rate: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


CELLS = [Cell(kept, sessions) for kept in (False, True) for sessions in SESSIONS]
Results = dict[str, dict[Cell, Took]]


def measure(plan: Plan) -> Figure:
    """Send mail to every server in turn with Postfix's smtp-source, 4 KiB a message."""
    results: Results = {}
    with ground(plan, plan.of(DECOYS, 5000)) as on:
        for turn in range(plan.rounds):
            with ExitStack() as stack:
                _round(on, turn, stack, results)
        return _figure(results, on)


def _round(on: Ground, turn: int, stack: ExitStack, results: Results) -> None:
    """Start every server and measure cell by cell, each beginning with another; what breaks is left out."""
    hosts: dict[str, Host] = {}
    sent: Counter[str] = Counter()
    for server in on.servers:
        with on.surviving(server):
            hosts[server.name] = stack.enter_context(on_duty(server, on.plan.folder))
    for place, cell in enumerate(CELLS):
        say(f"round {turn + 1}, {cell}")
        for server in on.from_the(turn + place):
            if host := hosts.pop(server.name, None):
                with on.surviving(server):
                    sent[server.name] += _cell(on, server, host, cell, results)
                    hosts[server.name] = host
    for server in on.servers:
        if server.name in {OURS, OURS_TWICE} and server.name in hosts:
            with on.surviving(server):
                _counted(hosts[server.name], sent[server.name])


def _cell(on: Ground, server: Server, host: Host, cell: Cell, results: Results) -> int:
    """Measure one cell once and return how many messages were sent for it, warming up included."""
    seconds = max(SECONDS * on.plan.scale, SHORTEST)
    sent, rate = _warmed_up(host, cell, seconds / 4, on.decoys)
    count = max(min(round(rate * seconds), on.decoys), cell.sessions)
    host.settle()
    before = host.group.cpu()
    took = send(host.port, cell, count)
    host.settle()
    each = results.setdefault(server.name, {}).setdefault(cell, Took())
    each.rate.append(count / took)
    each.cpu.append((host.group.cpu() - before) / count * 1000)
    on.kinds.add(host.group.kind)
    say(
        f"  {server.name}: {each.rate[-1]:,.0f}/s, {each.cpu[-1]:.3f} CPU s/1,000 ({count:,} in {took:.1f} s)"
    )
    return sent + count


def _warmed_up(host: Host, cell: Cell, seconds: float, most: int) -> tuple[int, float]:
    """Send until one go lasted long enough, and return how many were sent and the last rate."""
    sent, count = 0, 50 + 2 * cell.sessions
    while True:
        took = send(host.port, cell, count)
        sent += count
        if took >= seconds or count >= most:
            return sent, count / took
        count = min(count * 3, most)


def send(port: int, cell: Cell, count: int) -> float:
    """Let smtp-source send, each message to another recipient, and return the seconds. Raises Broken."""
    command = [
        *(f"{generator()}", *(["-d"] if cell.kept else []), "-N", "-s", f"{cell.sessions}", "-m", f"{count}"),
        *(
            "-l",
            f"{BYTES}",
            "-M",
            "mail.brightpan-care.example",
            "-f",
            SENDER,
            "-t",
            RECIPIENT,
            f"{LOCAL}:{port}",
        ),
    ]
    began = time.perf_counter()
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=LONGEST)
    except subprocess.TimeoutExpired:
        raise Broken(f"{cell}: not taken in {LONGEST} s") from None
    took = time.perf_counter() - began
    if done.returncode:
        raise Broken(f"{cell}: {done.stderr.decode(errors='replace').strip()[-300:]}")
    return took


def generator() -> Path:
    """Return where smtp-source is. Raises SystemExit if it cannot be had."""
    try:
        return Path(postfix()) / "smtp-source"
    except Missing as error:
        raise SystemExit(f"no smtp-source: {error}") from error


def _counted(host: Host, sent: int) -> None:
    """Insist that what was acknowledged was kept."""
    with closing(sqlite3.connect(f"file:{host.folder}/home/canary.db?mode=ro", uri=True)) as db:
        (kept,) = db.execute("SELECT count(*) FROM message").fetchone()
    if kept != sent:
        raise Broken(f"{sent:,} messages were acknowledged, {kept:,} are in the database")


def _figure(results: Results, on: Ground) -> Figure:
    heads = [f"{cell}" for cell in CELLS]
    rates = _middle(results, lambda took: took.rate)
    costs = _middle(results, lambda took: took.cpu)
    figure = Figure(
        "smtp",
        "4 KiB messages a second, by sessions; a new connection a message, or kept",
        ("server", *heads),
    )
    cpu = Figure("smtp", "CPU seconds per 1,000 messages, all of the server's processes", ("server", *heads))
    for name in (server.name for server in on.servers if server.name in results):
        figure.rows.append((name, *_cells(rates[name], lambda value: f"{value:,.0f}")))
        cpu.rows.append((name, *_cells(costs[name], lambda value: f"{value:.3g}")))
        figure.data[name] = {
            f"{cell}": {
                "messages_per_second": rates[name].get(cell),
                "cpu_seconds_per_1000": costs[name].get(cell),
                "rounds": {"messages_per_second": took.rate, "cpu_seconds_per_1000": took.cpu},
            }
            for cell, took in results[name].items()
        }
    ratios = Figure("smtp", "canary's ratios to others, and what is aimed at", ("ratio", *heads, "aim"))
    ratios.rows = [*_ratios(rates, costs)]
    figure.more = [cpu, ratios]
    ratios.notes = [
        f"medians of {on.plan.rounds} rounds; CPU by {' and '.join(sorted(on.kinds)) or 'nothing'}",
        "smtp-source, the generator, runs on the same cores; its CPU is not counted, and the server lacks it",
        *on.notes(),
    ]
    return figure


def _middle(results: Results, values: Callable[[Took], list[float]]) -> dict[str, dict[Cell, float]]:
    return {
        name: {cell: median(values(took)) for cell, took in cells.items() if values(took)}
        for name, cells in results.items()
    }


def _cells(values: Mapping[Cell, float], told: Callable[[float], str]) -> Iterator[str]:
    for cell in CELLS:
        yield told(values[cell]) if cell in values else "-"


def _ratios(
    rates: Mapping[str, Mapping[Cell, float]], costs: Mapping[str, Mapping[Cell, float]]
) -> Iterator[tuple[str, ...]]:
    for ours in (OURS, OURS_TWICE):
        for beside, values, what, aim in (
            (DURABLE, rates, "messages/s", "≥ 2, ≥ 3 at 50"),
            (BARE, rates, "messages/s", "≥ 1.5"),
            (SINK, rates, "messages/s", "the more the better"),
            (DURABLE, costs, "CPU", "≤ 0.35"),
            (BARE, costs, "CPU", "≤ 0.6"),
            (SINK, costs, "CPU", "towards 2.5"),
        ):
            if ours in values and beside in values:
                parts = {}
                for cell in CELLS:
                    with suppress(KeyError, ZeroDivisionError):
                        parts[cell] = values[ours][cell] / values[beside][cell]
                yield f"{ours} / {beside}, {what}", *_cells(parts, lambda value: f"{value:.3g}"), aim
