"""`canary incidents`: hits that belong together, and those that were kept before there were incidents."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby, islice
from typing import Annotated, Any

import typer

from canary.cli.context import context_of
from canary.cli.output import counted, either, note, print_json, print_jsonl, say
from canary.cli.table import print_table
from canary.cli.times import since_of
from canary.investigate import few
from canary.investigate.briefing import case_ranking
from canary.investigate.casefile import incident_json
from canary.investigate.incidents import join_missing
from canary.investigate.ranking import ranking_json
from canary.model import Incident, IncidentState
from canary.model.casework import IncidentFilter, Joining
from canary.ports import Store
from canary.watch.appraised import appraising_of
from canary.watch.appraising import Appraiser, Appraising

AT_ONCE = 100
COLUMNS = ("incident", "state", "first", "last", "hits", "employees named")
group = typer.Typer(help="List the incidents.", invoke_without_command=True)


@group.callback()
def run(
    context: typer.Context,
    state: Annotated[
        IncidentState | None, typer.Option("--state", help="Only incidents in this state.")
    ] = None,
    employee: Annotated[
        str | None,
        typer.Option("--employee", help="Only incidents that name this account.", metavar="ACCOUNT"),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            help="Only with hits from this time on: ISO 8601 (UTC), or a span like 30d.",
            metavar="TIME",
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", help="At most so many.", min=1, metavar="COUNT")
    ] = None,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON array, each with its ranking.")
    ] = False,
    as_jsonl: Annotated[
        bool, typer.Option("--jsonl", help="Print one JSON object a line, as soon as it is ranked.")
    ] = False,
    ranked: Annotated[
        bool, typer.Option("--ranking/--no-ranking", help="With or without who it may be, in JSON.")
    ] = True,
) -> None:
    """List the incidents, those with the newest hits first.

    In JSON each is ranked anew, from all that is known now, which takes a tenth of a second or so.
    """
    if context.invoked_subcommand:
        return
    either(as_json=as_json, as_jsonl=as_jsonl)
    after = since_of(since, datetime.now(UTC)) if since else None
    with context_of(context).store() as store:
        found = islice(store.incidents(IncidentFilter(state, employee, after)), limit)
        if as_json or as_jsonl:
            bodies = _ranked(store, found) if ranked else map(incident_json, found)
            print_jsonl(bodies) if as_jsonl else print_json(list(bodies))
        else:
            print_table(COLUMNS, map(_row, found), spare=("first", "state"), none="no incidents")


def _ranked(store: Store, found: Iterable[Incident]) -> Iterator[dict[str, Any]]:
    with store.exposures() as look:
        for each in found:
            view = case_ranking(store, store.incident(each.id), look)
            yield incident_json(each) | {"ranking": ranking_json(view)}


@group.command("rebuild")
def rebuild(context: typer.Context) -> None:
    """Join the hits that belong to no incident yet, in the order in which they were kept.

    Those that were not appraised yet are appraised first. Nothing that stands is changed. `canary serve` does
    the same when it starts.
    """
    program = context_of(context)
    config = program.config()
    with program.store(config) as store, appraising_of(config, store) as how:
        fresh = asyncio.run(_appraise(store, how))
        fresh += join_missing(store, config.incident.window, lambda seen: note(f"{seen:,} looked at"))
    say(f"{counted(fresh, 'hit')} joined")


async def _appraise(store: Store, how: Appraising) -> int:
    """Appraise what was kept and was not appraised, a message at a time; return how many hits that joined."""
    fresh: list[Joining] = []

    def joined(hit_ids: Sequence[str]) -> Sequence[Joining]:
        joinings = how.joined(hit_ids) if how.joined else ()
        fresh.extend(each for each in joinings if each.fresh)
        return joinings

    appraiser, last = Appraiser(store, replace(how, joined=joined)), ""
    while hits := await asyncio.to_thread(store.unappraised, last, AT_ONCE):
        for _, some in groupby(hits, lambda hit: hit.message.id if hit.message else hit.id):
            await appraiser.appraise(list(some))
        last = hits[-1].id
    return len(fresh)


def _row(incident: Incident) -> tuple[str, ...]:
    return (
        incident.id,
        incident.state.value,
        f"{incident.opened_at:%Y-%m-%d %H:%M}",
        f"{incident.last_at:%Y-%m-%d %H:%M}",
        f"{incident.hits:,}",
        few(incident.accounts) or "-",
    )
