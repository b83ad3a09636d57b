"""`canary ingest`: saved mail is attributed as if it had arrived."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from canary.cli.context import context_of
from canary.cli.output import note, print_json, printable, say
from canary.errors import DataError
from canary.mailfile import messages_in
from canary.model import Message
from canary.ports import Store
from canary.watch import keep_message


def run(
    context: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(
            help=".eml files, mbox files, Maildirs, folders of .eml; `-` is standard input.", metavar="FILE…"
        ),
    ],
    recipients: Annotated[
        list[str] | None,
        typer.Option("--rcpt", help="Whom it was delivered to; else what Delivered-To and its like say."),
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> None:
    """Attribute mail that another host received. The verdict says that the envelope was not ours."""
    now = datetime.now(UTC)
    told: list[dict[str, Any]] = []
    unaddressed = 0
    with context_of(context).store() as store:
        for path in files:
            for name, message in messages_in(path, recipients or (), now):
                if not message.recipients:
                    unaddressed += 1
                    note(f"{printable(name)}: names no recipient")
                    continue
                told.append({"file": name, "hits": _keep(store, message)})
    if as_json:
        print_json(told)
    else:
        for each in told:
            say(f"{printable(each['file'])}: {', '.join(each['hits']) or 'no decoy among the recipients'}")
    if unaddressed:
        raise DataError(
            f"{unaddressed} messages do not say whom they were delivered to",
            hint="say it with --rcpt ADDRESS",
        )


def _keep(store: Store, message: Message) -> list[str]:
    """Keep a message if a decoy is among its recipients; mail to others is none of our business."""
    if not store.sightings(message.recipients):
        return []
    return list(keep_message(store, message).hit_ids)
