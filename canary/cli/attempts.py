"""`canary attempts`: who guesses addresses, how much, and what came near a decoy's."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from canary.cli.context import Context, context_of
from canary.cli.nearly import COLUMNS, FOR_REVIEW, misses_json, near_misses, rows_of, said_of, words_of
from canary.cli.output import either, note, print_json, print_jsonl, say
from canary.cli.table import print_table
from canary.cli.times import since_of
from canary.investigate import attempts_json

MOST_EXPLAINED = 20


def run(
    context: typer.Context,
    since: Annotated[
        str,
        typer.Option("--since", help="From this day on: ISO 8601 (UTC), or a span like 7d.", metavar="TIME"),
    ] = "7d",
    *,
    near: Annotated[
        bool, typer.Option("--near", help="Those that are nearly a live decoy's address instead.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_jsonl: Annotated[bool, typer.Option("--jsonl", help="Print one JSON object a line.")] = False,
) -> None:
    """List the client networks that tried recipients nobody has, by day, the busiest first.

    A network is an IPv4 address or an IPv6 /64. Many attempts are a dictionary attack: hits from there may
    be guesses. With --near: the recipients within two edits of a live decoy, for review, and how likely
    that is by chance. They are no hits: nobody is told of them, and no incident has them.
    """
    either(as_json=as_json, as_jsonl=as_jsonl)
    after = since_of(since, datetime.now(UTC))
    if near:
        _near(context_of(context), after, as_json=as_json, as_jsonl=as_jsonl)
        return
    with context_of(context).store() as store:
        found = store.attempts(after)
        if as_json:
            print_json([attempts_json(each) for each in found])
        elif as_jsonl:
            print_jsonl(attempts_json(each) for each in found)
        else:
            print_table(
                ("day", "network", "attempts", "some of them"),
                (
                    (f"{each.day:%Y-%m-%d}", each.network, f"{each.count:,}", ", ".join(each.sample[:3]))
                    for each in found
                ),
                none="no recipient that nobody has was tried",
            )


def _near(program: Context, after: datetime, *, as_json: bool, as_jsonl: bool) -> None:
    config = program.config()
    with program.store(config) as store:
        misses = near_misses(store, after, [domain.name for domain in config.mint.domains])
    body = misses_json(misses)
    if as_json:
        print_json(body)
    elif as_jsonl:
        print_jsonl(body["near"])
    else:
        if misses.rows:
            say(FOR_REVIEW)
        print_table(
            COLUMNS, rows_of(misses), spare=("layer", "times", "network"), none="no near miss of a decoy"
        )
        if misses.rows:
            say()
        for each in misses.rows[:MOST_EXPLAINED]:
            say(f"{each.tried.address}: {words_of(each)}")
        note(said_of(misses))
