"""alert: from the end of a mail to the word in Slack."""

from pathlib import Path
from tempfile import mkdtemp

from scripts.measure.figure import Figure, Plan, micros, percentile, times
from scripts.measure.mint import DOMAINS
from scripts.measure.runs import canary, work

FULL = 200
WARM_UP = 2
SPANS = ("end of DATA to 250", "end of DATA to POST", "250 to POST")


def measure(plan: Plan) -> Figure:
    """Measure mails that come a little more than a second apart, so that pacing holds none back."""
    home = Path(mkdtemp(dir=plan.folder))
    count = plan.of(FULL, 10)
    looks = (f"2026-03-01T09:00:00Z,e.{n:04d},B{n}\n" for n in range(WARM_UP + count))
    (home / "log.csv").write_text("at,employee,record\n" + "".join(looks), encoding="ascii")
    canary(home, "init", *DOMAINS)
    canary(home, "mint", "--from", home / "log.csv")
    took = work("mailing.measured", home=home).told
    figure = Figure(
        "alert",
        f"{count:,} mails, each to another employee's decoy",
        ("way", *(f"{span}, {part}" for span in SPANS for part in ("p50", "p99")), "ratio to POST"),
    )
    for name, spans in took.items():
        cells = [percentile(spans[span], part) for span in SPANS for part in (0.5, 0.99)]
        ratio = cells[2] / percentile(took["canary"][SPANS[1]], 0.5)
        figure.rows.append((name, *map(micros, cells), times(ratio)))
        figure.data[name] = {
            span: {"p50_seconds": cells[2 * n], "p99_seconds": cells[2 * n + 1]}
            for n, span in enumerate(SPANS)
        }
    figure.notes = [
        (
            "canary: what `canary serve` runs, in a process of its own; Slack is a local receiver; a mail "
            "comes 1.05 s or more after the last POST, so that the pacing of one a second is on and never "
            "bites: an idle host's latency; alert.window is 0, so that each mail is told by itself; class, "
            "incident and ranking are found out first, DNS is not asked"
        ),
        (
            "aiosmtpd + httpx: accepts anybody, keeps nothing, posts one line before it answers 250; between "
            "canary's mails, to the same receiver"
        ),
        "two mails each way go before, uncounted; a negative 250 to POST is a POST before the 250",
    ]
    return figure
