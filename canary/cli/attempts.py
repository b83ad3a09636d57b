"""`canary attempts`: who guesses addresses, and how much."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from canary.cli.context import context_of
from canary.cli.output import either, print_json, print_jsonl
from canary.cli.table import print_table
from canary.cli.times import since_of
from canary.investigate import attempts_json


def run(
    context: typer.Context,
    since: Annotated[
        str,
        typer.Option("--since", help="From this day on: ISO 8601 (UTC), or a span like 7d.", metavar="TIME"),
    ] = "7d",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
    as_jsonl: Annotated[bool, typer.Option("--jsonl", help="Print one JSON object a line.")] = False,
) -> None:
    """List the client networks that tried recipients nobody has, by day, the busiest first.

    A network is an IPv4 address or an IPv6 /64. Many attempts are a dictionary attack: hits from there may
    be guesses.
    """
    either(as_json=as_json, as_jsonl=as_jsonl)
    after = since_of(since, datetime.now(UTC))
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
