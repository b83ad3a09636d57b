"""`canary incidents`: hits that belong together, and those that were kept before there were incidents."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from typing import Annotated

import typer

from canary.cli.context import context_of
from canary.cli.output import counted, either, note, print_json, print_jsonl, say
from canary.cli.ranked import ranking_of_case
from canary.cli.table import print_table
from canary.cli.times import since_of
from canary.investigate import few
from canary.investigate.casefile import incident_json
from canary.investigate.incidents import join_missing
from canary.model import Incident, IncidentState
from canary.model.casework import IncidentFilter
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
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON array, each with its ranking.")
    ] = False,
    as_jsonl: Annotated[bool, typer.Option("--jsonl", help="Print one JSON object a line.")] = False,
) -> None:
    """List the incidents, those with the newest hits first."""
    if context.invoked_subcommand:
        return
    either(as_json=as_json, as_jsonl=as_jsonl)
    after = since_of(since, datetime.now(UTC)) if since else None
    with context_of(context).store() as store:
        found = store.incidents(IncidentFilter(state, employee, after))
        if as_json or as_jsonl:
            bodies = (
                incident_json(each) | {"ranking": ranking_of_case(store, store.incident(each.id))}
                for each in found
            )
            print_jsonl(bodies) if as_jsonl else print_json(list(bodies))
        else:
            print_table(COLUMNS, map(_row, found), spare=("first", "state"), none="no incidents")


@group.command("rebuild")
def rebuild(context: typer.Context) -> None:
    """Join the hits that belong to no incident yet, in the order in which they were kept.

    Those that were not appraised yet are appraised first. Nothing that stands is changed. `canary serve` does
    the same when it starts.
    """
    program = context_of(context)
    config = program.config()
    with program.store(config) as store, appraising_of(config, store) as how:
        asyncio.run(_appraise(store, replace(how, joined=lambda _: None)))
        fresh = join_missing(store, config.incident.window, lambda seen: note(f"{seen:,} looked at"))
    say(f"{counted(fresh, 'hit')} joined")


async def _appraise(store: Store, how: Appraising) -> None:
    """Appraise what was kept and was not appraised, a message at a time."""
    appraiser, last = Appraiser(store, how), ""
    while hits := await asyncio.to_thread(store.unappraised, last, AT_ONCE):
        for _, some in groupby(hits, lambda hit: hit.message.id if hit.message else hit.id):
            await appraiser.appraise(list(some))
        last = hits[-1].id


def _row(incident: Incident) -> tuple[str, ...]:
    return (
        incident.id,
        incident.state.value,
        f"{incident.opened_at:%Y-%m-%d %H:%M}",
        f"{incident.last_at:%Y-%m-%d %H:%M}",
        f"{incident.hits:,}",
        few(incident.accounts) or "-",
    )
