"""smtp-latency: from the end of a message to its 250, at 50 sessions."""

from scripts.measure.figure import Figure, Plan, micros, percentile, times
from scripts.measure.ground import ground
from scripts.measure.hosts import Broken, Host
from scripts.measure.runs import Run, work
from scripts.measure.servers import BARE, DURABLE, OURS, OURS_TWICE, SINK, on_duty

SESSIONS = 50
SECONDS = 5.0
STEADY = 400.0
DECOYS = 25_000
AIM = 0.020
LOADS = (("as fast as it goes", 0.0), (f"{STEADY:g} a second", STEADY))
NAMES = (OURS, OURS_TWICE, DURABLE, BARE, SINK)


def measure(plan: Plan) -> Figure:
    """Measure latencies with a client of our own: 50 sessions that keep their connections."""
    took: dict[str, dict[str, list[list[float]]]] = {}
    seconds = max(SECONDS * plan.scale, 1.0)
    with ground(plan, plan.of(DECOYS, 5000), NAMES) as on:
        for turn, server in on.turns():
            with on.surviving(server), on_duty(server, plan.folder) as host:
                asked(host, SESSIONS, 0.5, 0.0, on.decoys, 0)
                for load, (what, rate) in enumerate(LOADS):
                    host.settle()
                    first = (turn * len(LOADS) + load + 1) * 10_000_000
                    each = asked(host, SESSIONS, seconds, rate, on.decoys, first)
                    took.setdefault(server.name, {}).setdefault(what, []).append(each)
        figure = Figure(
            "smtp-latency",
            f"end of DATA to 250 at {SESSIONS} sessions, each with its connection kept",
            ("server", "load", "messages/s", "p50", "p99", "longest", f"p99 to the aim of {micros(AIM)}"),
        )
        for name, loads in took.items():
            figure.data[name] = {}
            for what, rounds in loads.items():
                p50, p99, most = (
                    percentile((percentile(one, part) for one in rounds), 0.5) for part in (0.5, 0.99, 1)
                )
                rate = percentile((len(one) / seconds for one in rounds), 0.5)
                figure.rows.append(
                    (name, what, f"{rate:,.0f}", *map(micros, (p50, p99, most)), times(p99 / AIM))
                )
                figure.data[name][what] = {
                    "messages_per_second": rate,
                    "p50_seconds": p50,
                    "p99_seconds": p99,
                    "longest_seconds": most,
                }
        figure.notes = [
            f"medians of {plan.rounds} rounds of {seconds:g} s; one client, in Python, on these cores",
            "as fast as it goes, latency is what fifty take together: each message waits for the others'",
            *on.notes(),
        ]
    return figure


def asked(host: Host, sessions: int, seconds: float, rate: float, decoys: int, first: int) -> list[float]:
    """Return the latencies that a client process measured. Raises Broken."""
    return list(
        told(
            "clients.mailing",
            port=host.port,
            sessions=sessions,
            seconds=seconds,
            rate=rate,
            decoys=decoys,
            first=first,
        ).told
    )


def told(task: str, **what: object) -> Run:
    """Run a client; one that fails means that the server did. Raises Broken."""
    try:
        return work(task, **what)
    except SystemExit as error:
        raise Broken(str(error)[-600:]) from error
