"""`canary hits` and `canary hit show`: what was hit, and through whose access."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from canary.cli.context import context_of
from canary.cli.output import either, print_json, print_jsonl, say
from canary.cli.table import print_table
from canary.cli.times import since_of
from canary.errors import UsageError
from canary.investigate import few, hit_json, hit_lines
from canary.investigate.sender import origin_json, origin_lines
from canary.model import Hit, HitClass
from canary.ports import HitFilter

HITS_FOUND = 3
COLUMNS = ("hit", "at", "class", "confidence", "employee", "record", "decoy", "what arrived")
group = typer.Typer(help="Look at one hit.", no_args_is_help=True)


def run(
    context: typer.Context,
    employee: Annotated[
        str | None,
        typer.Option("--employee", help="Only hits on what this account was shown.", metavar="ACCOUNT"),
    ] = None,
    record: Annotated[
        str | None, typer.Option("--record", help="Only hits on decoys of this record.", metavar="RECORD")
    ] = None,
    hit_class: Annotated[HitClass | None, typer.Option("--class", help="Only hits of this class.")] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", help="Only from this time on: ISO 8601 (UTC), or a span like 24h.", metavar="TIME"
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", help="At most N, the newest.", min=1, metavar="N")
    ] = None,
    *,
    controls: Annotated[bool, typer.Option(help="Include hits on controls, which nobody was shown.")] = True,
    selftests: Annotated[
        bool, typer.Option("--selftests", help="Include the mails of `canary selftest`.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
    as_jsonl: Annotated[bool, typer.Option("--jsonl", help="Print one JSON object a line.")] = False,
    fail_on_hit: Annotated[
        bool,
        typer.Option(
            "--fail-on-hit", help=f"Exit with {HITS_FOUND} if a decoy that was shown is among them."
        ),
    ] = False,
) -> None:
    """List the hits, newest first."""
    either(as_json=as_json, as_jsonl=as_jsonl)
    after = since_of(since, datetime.now(UTC)) if since else None
    wanted = HitFilter(employee, record, hit_class, after, controls, limit, selftests)
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
            print_table(COLUMNS, (_row(hit) for hit in hits()), spare=("class", "decoy"), none="no hits")
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
    if raw and as_json:
        raise UsageError("give --json or --raw, not both")
    with context_of(context).store() as store:
        hit = store.hit(hit_id)
        if raw:
            if hit.message is None:
                what = "touch" if hit.touch else "probe"
                raise UsageError(f"{hit_id} is a {what}: there is no message behind it")
            _print_raw(store.raw_chunks(hit.message.id), hit_id)
            return
        origin = store.origin(hit.message.id) if hit.message else None
    if as_json:
        print_json(hit_json(hit) | {"origin": origin_json(origin) if origin else None})
        return
    for line in hit_lines(hit):
        say(line)
    if hit.message:
        say("")
        for line in origin_lines(origin):
            say(line)


def _print_raw(chunks: Iterable[bytes], hit_id: str) -> None:
    """Print a message byte for byte; on a terminal its escapes would be obeyed. Raises UsageError."""
    if sys.stdout.isatty():
        raise UsageError(
            "a stranger's message is not printed to a terminal, which might obey it",
            hint=f"canary hit show {hit_id} --raw > {hit_id}.eml",
        )
    for chunk in chunks:
        sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()


def _row(hit: Hit) -> tuple[str, ...]:
    body = hit_json(hit)
    shown = body["accesses"]
    return (
        hit.id,
        f"{hit.at:%Y-%m-%d %H:%M}",
        body["class"],
        _confidence(hit),
        few(list(dict.fromkeys(access["employee"] for access in shown))) or "-",
        few(list(dict.fromkeys(access["record"] for access in shown))) or "-",
        hit.decoy.address,
        _arrived(body),
    )


def _arrived(body: Mapping[str, Any]) -> str:
    """Return what made a hit, in a few words."""
    message, probe, touch = body["message"], body["probe"], body["touch"]
    if touch:
        return f"{touch['action']} by {touch['employee']}"
    return f"{message['mail_from'] or '<>'}: {message['subject']}" if message else f"{probe['verb']} only"


def _confidence(hit: Hit) -> str:
    if hit.decoy.selftest:
        return "self-test"
    return "control" if hit.decoy.control else f"{hit.verdict.confidence:.0%}"
