"""`canary hits` and `canary hit show`: what was hit, and through whose access."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

import typer

from canary.cli.context import context_of
from canary.cli.output import print_json, print_jsonl, print_table, printable, say
from canary.cli.times import since_of
from canary.errors import UsageError
from canary.investigate import hit_json, hit_lines
from canary.model import Hit, HitClass
from canary.ports import HitFilter

HITS_FOUND = 3
COLUMNS = ("hit", "at", "class", "confidence", "employee", "record", "decoy", "what arrived")
group = typer.Typer(help="Look at one hit.", no_args_is_help=True)


def run(
    context: typer.Context,
    employee: Annotated[str | None, typer.Option(help="Only hits on what this account was shown.")] = None,
    record: Annotated[str | None, typer.Option(help="Only hits on decoys of this record.")] = None,
    hit_class: Annotated[HitClass | None, typer.Option("--class", help="Only this class.")] = None,
    since: Annotated[
        str | None, typer.Option(help="Only from this time on: ISO 8601, or a span like 24h.", metavar="TIME")
    ] = None,
    limit: Annotated[int | None, typer.Option(help="At most so many, the newest.", min=1)] = None,
    *,
    controls: Annotated[bool, typer.Option(help="Include hits on controls, which nobody was shown.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
    as_jsonl: Annotated[bool, typer.Option("--jsonl", help="Print one JSON object a line.")] = False,
    fail_on_hit: Annotated[
        bool,
        typer.Option("--fail-on-hit", help=f"Exit with {HITS_FOUND} if there is a hit on a shown decoy."),
    ] = False,
) -> None:
    """List the hits, newest first."""
    if as_json and as_jsonl:
        raise UsageError("give --json or --jsonl, not both")
    after = since_of(since, datetime.now(UTC)) if since else None
    wanted = HitFilter(employee, record, hit_class, after, controls, limit)
    found = False
    with context_of(context).store() as store:

        def hits() -> Iterator[Hit]:
            nonlocal found
            for hit in store.hits(wanted):
                found = found or not hit.decoy.control
                yield hit

        if as_json:
            print_json([hit_json(hit) for hit in hits()])
        elif as_jsonl:
            print_jsonl(hit_json(hit) for hit in hits())
        else:
            print_table(COLUMNS, (_row(hit) for hit in hits()))
    if found and fail_on_hit:
        raise typer.Exit(HITS_FOUND)


@group.callback()
def root() -> None:
    """Look at one hit."""


@group.command("show")
def show(
    context: typer.Context,
    hit_id: Annotated[str, typer.Argument(help="Its identifier, hit_….", metavar="ID")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    raw: Annotated[
        bool, typer.Option("--raw", help="Print the message as it arrived, byte for byte.")
    ] = False,
) -> None:
    """Show one hit: the decoy, every access that showed it, what arrived, and why."""
    with context_of(context).store() as store:
        hit = store.hit(hit_id)
        if raw:
            if hit.message is None:
                raise UsageError(f"{hit_id} is a probe: there is no message behind it")
            sys.stdout.buffer.write(store.raw_message(hit.message.id))
            return
    if as_json:
        print_json(hit_json(hit))
    else:
        for line in hit_lines(hit):
            say(printable(line))


def _row(hit: Hit) -> tuple[str, ...]:
    body = hit_json(hit)
    shown = body["accesses"]
    message, probe = body["message"], body["probe"]
    arrived = f"{message['mail_from'] or '<>'}: {message['subject']}" if message else f"{probe['verb']} only"
    return (
        hit.id,
        f"{hit.at:%Y-%m-%d %H:%M:%S}",
        body["class"],
        "control" if hit.decoy.control else f"{hit.verdict.confidence:.0%}",
        ", ".join(dict.fromkeys(access["employee"] for access in shown)) or "-",
        ", ".join(dict.fromkeys(access["record"] for access in shown)) or "-",
        hit.decoy.address,
        arrived,
    )
