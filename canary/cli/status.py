"""`canary status`: how much is kept and how it is going."""

import shutil
from datetime import UTC, datetime
from typing import Annotated

import typer

from canary.cli.concerns import certificate_ends, concerns
from canary.cli.context import context_of
from canary.cli.output import counted, print_json, say, warn
from canary.config import Config
from canary.investigate import status_json
from canary.metrics.figures import SELFTEST_NOTE
from canary.model import AlertState, HitClass
from canary.odds.domains import Domains
from canary.odds.guess import told_unsafe
from canary.ports import Status


def run(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print counts, the oldest owed alert, the last mail, and the database's size."""
    program = context_of(context)
    config = program.config()
    with program.store(config) as store:
        status = store.status()
        tested = store.note(SELFTEST_NOTE) or ""
    if as_json:
        print_json(status_json(status) | {"selftest_result": tested})
    else:
        lines = [*_lines(status), *_surroundings(config, tested)]
        width = max(len(name) for name, _ in lines)
        for name, value in lines:
            say(f"{name:<{width}}  {value}")
    for warning in (*_warnings(config, status), *concerns(config, status, tested, datetime.now(UTC))):
        warn(warning)


def _lines(status: Status) -> list[tuple[str, str]]:
    alerts = ", ".join(f"{status.alerts[state]:,} {state.value}" for state in AlertState)
    return [
        ("accesses", f"{status.accesses:,}"),
        ("decoys", f"{status.decoys:,} shown, {counted(status.controls, 'control')}"),
        ("hits", f"{status.hits:,}, and {status.control_hits:,} on controls"),
        ("kept, not told", _withheld(status)),
        ("messages", f"{status.messages:,}"),
        ("unknown recipients", f"{status.strays:,}"),
        ("alerts", alerts),
        ("oldest owed alert", _age(status.oldest_owed)),
        ("last mail", _age(status.last_mail)),
        ("last self-test", _age(status.last_selftest)),
        ("database", f"{status.size_bytes / 1e6:,.1f} MB, schema {status.schema}"),
    ]


def _withheld(status: Status) -> str:
    """Return how many hits of each class were kept and nobody was told of: alert.on, alert.min_confidence."""
    counts = (f"{status.withheld[each]:,} {each.value}" for each in HitClass if status.withheld.get(each))
    return ", ".join(counts) or "none"


def _surroundings(config: Config, tested: str) -> list[tuple[str, str]]:
    """Return what the listener depends on beside the database."""
    free = shutil.disk_usage(config.store.path.parent).free
    served = str(config.metrics.listen) if config.metrics.listen else "nowhere (metrics.listen)"
    lines = [
        ("self-test result", tested or "none"),
        ("free disk", f"{free / 1e9:,.1f} GB"),
        ("metrics", served),
    ]
    for name, ends in certificate_ends(config).items():
        lines.append((f"certificate {name}".strip(), f"until {ends:%Y-%m-%d}"))
    return lines


def _age(at: datetime | None) -> str:
    if at is None:
        return "none"
    since = (datetime.now(UTC) - at).total_seconds()
    seconds = abs(int(since))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    spans = ((days, "day"), (hours, "hour"), (minutes, "minute"), (seconds, "second"))
    count, unit = next(((count, unit) for count, unit in spans if count), (0, "second"))
    span = f"{counted(count, unit)} ago" if since > -1 else f"in {counted(count, unit)}"
    return f"{at:%Y-%m-%d %H:%M:%S} UTC, {span}"


def _warnings(config: Config, status: Status) -> list[str]:
    """Return what an operator should do something about."""
    found = []
    if parked := status.alerts[AlertState.PARKED]:
        found.append(f"{counted(parked, 'parked alert')}: `canary alerts list --state parked` says why")
    if not config.slack():
        found.append("no alert channel is configured here: set alert.slack.url_file, or hits are only kept")
    held = status.decoys + status.controls
    domains = Domains.weighing([domain.weight for domain in config.mint.domains] or [1.0])
    if words := told_unsafe(held, domains, config.mint.floor_bits):
        found.append(f"{counted(held, 'decoy')} on {counted(len(domains.shares), 'domain')} {words}")
    return found
