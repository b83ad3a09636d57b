"""What the command line tells of an access: the options that `mint` and `seed` share."""

from datetime import datetime
from typing import Annotated

import typer

from canary.accesslog.row import FieldError, access_of
from canary.accesslog.times import latest
from canary.cli.times import time_of
from canary.errors import UsageError
from canary.model import Access, ActorClass

Beneficiary = Annotated[
    str | None, typer.Option("--beneficiary", help="Who would profit from its leak.", metavar="SELLER")
]
Tool = Annotated[str | None, typer.Option("--tool", help="The tool it is looked at through.", metavar="NAME")]
Acting = Annotated[
    ActorClass | None,
    typer.Option("--actor-class", help="What looks, if it is no person: its views get decoys of their own."),
]
Session = Annotated[str | None, typer.Option("--session", help="The session in that tool.", metavar="ID")]
ClientIp = Annotated[
    str | None, typer.Option("--client-ip", help="The address it is looked at from.", metavar="IP")
]
At = Annotated[
    str | None,
    typer.Option(
        "--at",
        help="When: ISO 8601 (UTC without an offset) or seconds since 1970.  [default: now]",
        metavar="TIME",
    ),
]


def access_told(
    employee: str,
    record: str,
    now: datetime,
    *,
    at: str | None,
    beneficiary: str | None,
    tool: str | None,
    session: str | None,
    client_ip: str | None,
    actor_class: ActorClass | None = None,
) -> Access:
    """Return the access that the options tell of, under the same rules as a log's. Raises UsageError."""
    when = time_of("--at", at, now) if at is not None else now
    texts = {
        "at": when.isoformat(),
        "employee": employee,
        "record": record,
        "beneficiary": beneficiary or "",
        "tool": tool or "",
        "session": session or "",
        "client_ip": client_ip or "",
        "actor_class": actor_class.value if actor_class else "",
    }
    try:
        return access_of(texts, latest(now))
    except FieldError as fault:
        raise UsageError(f"--{fault.field.replace('_', '-')} {fault.problem}") from None
