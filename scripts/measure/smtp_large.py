"""smtp-large: what one client with large messages does to the others."""

from scripts.measure.figure import Figure, Plan, micros, percentile, times
from scripts.measure.ground import ground
from scripts.measure.servers import BARE, DURABLE, OURS, OURS_TWICE, on_duty
from scripts.measure.smtp_latency import asked, told

MESSAGES = 20
SIZE = 25_000_000
SESSIONS = 10
RATE = 200.0
SECONDS = 5.0
DECOYS = 5000
AIM = 2.0


def measure(plan: Plan) -> Figure:
    """Measure the latencies of small mail at a steady rate, alone and beside a client with large mail."""
    messages, seconds = plan.of(MESSAGES, 4), max(SECONDS * plan.scale, 2.0)
    took: dict[str, list[dict[str, float]]] = {}
    with ground(plan, DECOYS, (OURS, OURS_TWICE, DURABLE, BARE)) as on:
        for turn, server in on.turns():
            with on.surviving(server), on_duty(server, plan.folder) as host:
                first = (turn + 1) * 10_000_000
                asked(host, SESSIONS, 0.5, RATE, on.decoys, first)
                host.settle()
                alone = asked(host, SESSIONS, seconds, RATE, on.decoys, first + 1_000_000)
                host.settle()
                both = told(
                    "clients.beside",
                    port=host.port,
                    sessions=SESSIONS,
                    rate=RATE,
                    decoys=on.decoys,
                    first=first + 2_000_000,
                    messages=messages,
                    size=SIZE,
                ).told
                took.setdefault(server.name, []).append(_round(alone, both["others"], both["large"]))
        figure = Figure(
            "smtp-large",
            f"{RATE:g} small mails a second from {SESSIONS} sessions, beside {messages} of 25 MB from one",
            (
                "server",
                "p50 alone",
                "p50 beside",
                "p99 alone",
                "p99 beside",
                "p99, ratio",
                "aim",
                "25 MB message",
            ),
        )
        for name, rounds in took.items():
            middle = {key: percentile((each[key] for each in rounds), 0.5) for key in rounds[0]}
            spans = (middle[key] for key in ("p50_alone", "p50_beside", "p99_alone", "p99_beside"))
            ratio, large = times(middle["ratio"]), micros(middle["large"])
            figure.rows.append((name, *map(micros, spans), ratio, f"≤ {times(AIM)}", large))
            figure.data[name] = middle
        figure.notes = [
            f"end of DATA to 250; medians of {plan.rounds} rounds: {seconds:g} s alone, then beside",
            "the clients, in Python, run on these cores; the one with large mail lets others go first (nice)",
            *on.notes(),
        ]
    return figure


def _round(alone: list[float], beside: list[float], large: list[float]) -> dict[str, float]:
    p99_alone, p99_beside = percentile(alone, 0.99), percentile(beside, 0.99)
    return {
        "p50_alone": percentile(alone, 0.5),
        "p50_beside": percentile(beside, 0.5),
        "p99_alone": p99_alone,
        "p99_beside": p99_beside,
        "ratio": p99_beside / p99_alone,
        "large": percentile(large, 0.5),
        "messages_beside": float(len(beside)),
    }
