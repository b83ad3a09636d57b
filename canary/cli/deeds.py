"""`canary incident set`, `note`, `merge` and `split`: what people do to an incident, with their reasons."""

import getpass
import os
from datetime import UTC, datetime
from typing import Annotated

import typer

from canary.cli.context import context_of
from canary.cli.output import counted, say
from canary.errors import UsageError
from canary.model import Incident, IncidentState
from canary.model.casework import Act

MOST_CHARS = 4000
MOST_NAME = 100
IncidentId = Annotated[str, typer.Argument(help="Its identifier, inc_….", metavar="ID")]
Why = Annotated[str, typer.Option("--why", help="The reason; it is kept for good.", metavar="TEXT")]
As = Annotated[
    str | None,
    typer.Option("--as", help="Who does this.  [default: who is logged in]", metavar="NAME"),
]


def set_(
    context: typer.Context,
    incident_id: IncidentId,
    state: Annotated[IncidentState, typer.Argument(help="How far it is.")],
    why: Why,
    who: As = None,
) -> None:
    """Say how far an incident is.

    `dismissed` teaches that its senders are noise: later hits by the same senders are listed with it and
    told to nobody, until it is set to another state.
    """
    act = _act(who, why)
    with context_of(context).store() as store:
        _told(store.set_incident(incident_id, state, act))


def note(
    context: typer.Context,
    incident_id: IncidentId,
    text: Annotated[str, typer.Argument(help="The note; it is kept for good.", metavar="TEXT")],
    who: As = None,
) -> None:
    """Add a note to an incident."""
    act = _act(who, text)
    with context_of(context).store() as store:
        store.note_on_incident(incident_id, act)
    say(f"{incident_id}: noted")


def merge(
    context: typer.Context,
    into: IncidentId,
    other: Annotated[str, typer.Argument(help="The incident that becomes part of it.", metavar="OTHER")],
    why: Why,
    who: As = None,
) -> None:
    """Make two incidents one: all hits of OTHER move."""
    act = _act(who, why)
    with context_of(context).store() as store:
        _told(store.merge_incidents(into, other, act))


def split(
    context: typer.Context,
    incident_id: IncidentId,
    hits: Annotated[list[str], typer.Argument(help="The hits that do not belong to it.", metavar="HIT")],
    why: Why,
    who: As = None,
) -> None:
    """Move hits out of an incident, into one of their own."""
    act = _act(who, why)
    with context_of(context).store() as store:
        _told(store.split_incident(incident_id, hits, act))


def _told(incident: Incident) -> None:
    say(f"{incident.id}: {incident.state.value}, {counted(incident.hits, 'hit')}")


def _act(who: str | None, why: str) -> Act:
    """Return who does something now, and why. Raises UsageError."""
    name, words = (who if who is not None else _logged_in()).strip(), why.strip()
    if not name or len(name) > MOST_NAME or not name.isprintable():
        raise UsageError(f"--as needs a name of at most {MOST_NAME} characters")
    if not words or len(words) > MOST_CHARS:
        raise UsageError(f"a reason or note has between 1 and {MOST_CHARS} characters")
    return Act(name, datetime.now(UTC), words)


def _logged_in() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # an account without a name, as in a container
        return f"uid {os.getuid()}"
