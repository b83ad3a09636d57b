"""`canary incident show` and `exposed`: what is known of one incident, and who was harmed."""

import csv
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from textwrap import wrap
from typing import Annotated

import typer

from canary.cli import deeds
from canary.cli.context import context_of
from canary.cli.nearly import lines_of, miss_json, misses_of_case
from canary.cli.output import counted, note, print_json, say, whole_file
from canary.cli.table import print_table
from canary.cli.times import since_of
from canary.errors import UsageError
from canary.investigate.briefing import case_ranking
from canary.investigate.casefile import case_json, case_lines
from canary.investigate.contract import stamp
from canary.investigate.drawing import svg
from canary.investigate.exposed import (
    COLUMNS,
    CUSTOMERS,
    Exposed,
    exposed,
    exposed_json,
    exposed_rows,
    window_of,
)
from canary.investigate.graph import graph_of
from canary.investigate.paragraph import paragraph
from canary.investigate.ranking import ranking_json, ranking_lines
from canary.investigate.sellers import Registry, interests
from canary.model.casework import CaseFile
from canary.ports import Store

WIDE = 100
group = typer.Typer(help="Look at one incident, and act on it.", no_args_is_help=True)
Incident = Annotated[str, typer.Argument(help="Its identifier, inc_….", metavar="ID")]


@group.callback()
def root() -> None:
    """Look at one incident, and act on it."""


@group.command("show")
def show(
    context: typer.Context,
    incident_id: Incident,
    graph: Annotated[
        Path | None,
        typer.Option("--graph", help="Draw accounts, records, senders and sellers.", metavar="FILE.svg"),
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Print every factor of who it may be.")] = False,
) -> None:
    """Show one incident: what happened, through whose access, who wrote, who wins, what was done."""
    if graph is not None and graph.suffix.lower() != ".svg":
        raise UsageError(f"--graph {graph}: the name must end in .svg")
    with context_of(context).store() as store:
        case = _case(store, incident_id)
        registry, view = Registry.of(store.sellers()), case_ranking(store, case)
        if as_json:
            body = case_json(case, interests(case, registry))
            near = [miss_json(each) for each in misses_of_case(store, case).rows]
            words = paragraph(case, view, store.base_rate())
            print_json(body | {"ranking": ranking_json(view), "near": near, "paragraph": words})
        else:
            ranked = list(ranking_lines(view, explain=explain))
            for line in case_lines(case, interests(case, registry), ranked):
                say(line)
            for line in lines_of(misses_of_case(store, case)):
                say(line)
            words = paragraph(case, view, store.base_rate())
            for line in ("", "In a paragraph", *wrap(words, WIDE, break_on_hyphens=False)):
                say(line)
        if graph is not None:
            with whole_file(graph) as file:
                file.write(svg(graph_of(case, registry)).encode())
            note(f"drawn: {graph}")


@group.command("exposed")
def exposed_(
    context: typer.Context,
    incident_id: Incident,
    employee: Annotated[
        list[str] | None,
        typer.Option(
            "--employee",
            help="Whose accesses; repeatable.  [default: the accounts that the incident names]",
            metavar="ACCOUNT",
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            help="From when on.  [default: 24 hours before a hit decoy was first shown]",
            metavar="TIME",
        ),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", help="Until when.  [default: the last hit]", metavar="TIME")
    ] = None,
    *,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the records that an incident's accounts were shown in the same time, for notification.

    Who is a customer in a record is not known here: your own system has to tell.
    """
    if as_csv and as_json:
        raise UsageError("give --csv or --json, not both")
    now = datetime.now(UTC)
    with context_of(context).store() as store:
        case = _case(store, incident_id)
        names = tuple(dict.fromkeys(employee or case.incident.accounts))
        if not names:
            raise UsageError(
                f"{incident_id} names no account: only shared decoys were hit",
                hint="say whose accesses with --employee",
            )
        asked = (since_of(since, now) if since else None, since_of(until, now, "--until") if until else None)
        first, last = window_of(case, names, *asked)
        if first > last:
            raise UsageError("--since is later than --until")
        found = exposed(store.shown_to(names, first, last), Registry.of(store.sellers()))
    if as_csv:
        _print_csv(found)
    elif as_json:
        _print_json(case, names, first, last, found)
    else:
        print_table(COLUMNS[:-1], (row[:-1] for row in exposed_rows(found)), none="no accesses in that time")
    records = len({each.record for each in found})
    note(f"{counted(records, 'record')} from {stamp(first)} to {stamp(last)}. {CUSTOMERS}")


def _print_csv(found: Sequence[Exposed]) -> None:
    table = csv.writer(sys.stdout)
    table.writerow(COLUMNS)
    table.writerows(exposed_rows(found))


def _print_json(
    case: CaseFile, names: Sequence[str], first: datetime, last: datetime, found: Sequence[Exposed]
) -> None:
    sellers = sorted({each.seller or each.beneficiary for each in found} - {""})
    print_json(
        {
            "incident": case.incident.id,
            "employees": list(names),
            "since": stamp(first),
            "until": stamp(last),
            "records": exposed_json(found),
            "sellers": sellers,
            "note": CUSTOMERS,
        }
    )


def _case(store: Store, incident_id: str) -> CaseFile:
    """Return an incident's file; of one that was merged, that of the other. Raises NotFoundError."""
    case = store.incident(incident_id)
    if not case.incident.merged_into:
        return case
    note(f"{incident_id} was merged into {case.incident.merged_into}, which follows")
    return store.incident(case.incident.merged_into)


group.command("set")(deeds.set_)
group.command("note")(deeds.note)
group.command("merge")(deeds.merge)
group.command("split")(deeds.split)
