"""`canary ingest`: saved mail is attributed as if it had arrived."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from canary.cli.context import context_of
from canary.cli.output import counted, note, print_json, say, warn
from canary.errors import DataError, UsageError
from canary.mailfile import messages_in
from canary.model import Message
from canary.ports import Kept, Store
from canary.watch import keep_message
from canary.watch.appraised import appraising_now, appraising_of


def run(
    context: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(
            help=".eml and mbox files, Maildirs, folders of .eml; `-` reads from a pipe.", metavar="FILE"
        ),
    ],
    recipients: Annotated[
        list[str] | None,
        typer.Option(
            "--rcpt",
            help="Whom it was delivered to; repeatable.  "
            "[default: what Delivered-To, X-Original-To and Envelope-To say]",
            metavar="ADDRESS",
        ),
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> None:
    """Attribute mail that another host received. The verdict says that the envelope was not ours.

    The same mail again is no new hit. Alerts go out through `canary serve`.
    """
    for address in recipients or ():
        if "@" not in address:
            raise UsageError(f"--rcpt {address}: this is not an address")
    now = datetime.now(UTC)
    told: list[dict[str, Any]] = []
    unaddressed = 0
    program = context_of(context)
    config = program.config()
    if not config.slack():
        warn("no alert channel in this configuration: hits are kept, and nobody is told")
    with (
        program.store(config) as store,
        appraising_of(config, store) as how,
        appraising_now(store, how) as appraise,
    ):
        for path in files:
            for name, message in messages_in(
                path, recipients or (), now, lambda to: bool(store.sightings(to))
            ):
                if not message.recipients:
                    unaddressed += 1
                    note(f"{name}: {'is empty' if _empty(message) else 'names no recipient'}")
                    continue
                kept = _kept(store, message, appraise)
                told.append({"file": name, "hits": list(kept.hit_ids), "new": kept.fresh})
                if not as_json:
                    say(f"{name}: {_outcome(kept)}")
    if as_json:
        print_json(told)
    if unaddressed:
        raise DataError(
            f"{counted(unaddressed, 'message')} without a word of whom it was delivered to",
            hint="say it with --rcpt ADDRESS",
        )


def _empty(message: Message) -> bool:
    return isinstance(message.raw, bytes) and not message.raw.strip()


def _kept(store: Store, message: Message, appraise: Callable[[Sequence[str]], None]) -> Kept:
    """Keep a message if a decoy is among its recipients; mail to others is none of our business."""
    if not store.sightings(message.recipients):
        return Kept((), 0)
    kept = keep_message(store, message)
    if kept.fresh:
        appraise(kept.hit_ids)
    return kept


def _outcome(kept: Kept) -> str:
    if not kept.hit_ids:
        return "no decoy among the recipients"
    return f"{', '.join(kept.hit_ids)} ({kept.fresh} new)"
