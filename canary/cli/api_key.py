"""`canary api-key`: the keys with which applications plant, report and read."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from canary.cli.context import context_of
from canary.cli.output import either, note, print_json, print_jsonl, say
from canary.cli.table import print_table
from canary.cli.times import until_of
from canary.errors import UsageError
from canary.investigate import stamp
from canary.model import ApiKey, Scope
from canary.plant.keys import new_key

MOST_NAME = 100
COLUMNS = ("key", "name", "scope", "rate", "made", "expires", "state")
group = typer.Typer(help="Make, list and revoke the keys of applications.", no_args_is_help=True)


@group.callback()
def root() -> None:
    """Make, list and revoke the keys of applications."""


@group.command("create")
def create(
    context: typer.Context,
    scope: Annotated[
        Scope, typer.Option("--scope", help="plant: accesses and seed; touch: touches; read: hits.")
    ],
    name: Annotated[str, typer.Option("--name", help="What it is for, in your words.", metavar="NAME")],
    expires: Annotated[
        str | None,
        typer.Option("--expires", help="When it ends: ISO 8601 (UTC), or a span like 90d.", metavar="TIME"),
    ] = None,
    rate: Annotated[
        int | None,
        typer.Option("--rate", help="Accesses a minute.  [default: api.rate]", min=1, max=10**9, metavar="N"),
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make a key and print it: this once, it is kept as a digest only."""
    if not name.strip() or len(name) > MOST_NAME or not name.isprintable():
        raise UsageError(f"--name needs 1 to {MOST_NAME} printable characters")
    now = datetime.now(UTC)
    until = until_of("--expires", expires, now) if expires else None
    with context_of(context).store() as store:
        key, text = new_key(store, name.strip(), scope, now, rate=rate, expires_at=until)
    if as_json:
        print_json({**key_json(key), "secret": text})
        return
    say(text)
    note(
        f"canary: {key.id} ({key.name}) may {key.scope.value}; keep it like a password, it is shown this once"
    )


@group.command("list")
def list_(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
    as_jsonl: Annotated[bool, typer.Option("--jsonl", help="Print one JSON object a line.")] = False,
) -> None:
    """List the keys, oldest first, those that are good for nothing any more, too."""
    either(as_json=as_json, as_jsonl=as_jsonl)
    now = datetime.now(UTC)
    with context_of(context).store() as store:
        keys = store.api_keys()
        if as_json:
            print_json([key_json(key) for key in keys])
        elif as_jsonl:
            print_jsonl(key_json(key) for key in keys)
        else:
            print_table(COLUMNS, (_row(key, now) for key in keys), spare=("rate", "made"), none="no keys")


@group.command("revoke")
def revoke(
    context: typer.Context,
    key_id: Annotated[str, typer.Argument(help="Its identifier, key_….", metavar="ID")],
) -> None:
    """Make a key good for nothing; running processes know within seconds."""
    with context_of(context).store() as store:
        key = store.revoke_api_key(key_id, datetime.now(UTC))
    say(f"{key.id} ({key.name}) is revoked")


def key_json(key: ApiKey) -> dict[str, object]:
    """Return a key; its secret is not known."""
    return {
        "id": key.id,
        "name": key.name,
        "scope": key.scope.value,
        "rate": key.rate,
        "created_at": stamp(key.created_at),
        "expires_at": stamp(key.expires_at),
        "revoked_at": stamp(key.revoked_at),
    }


def _row(key: ApiKey, now: datetime) -> tuple[str, ...]:
    state = "revoked" if key.revoked_at else "good" if key.good_at(now) else "expired"
    return (
        key.id,
        key.name,
        key.scope.value,
        f"{key.rate:,}" if key.rate else "-",
        f"{key.created_at:%Y-%m-%d %H:%M}",
        f"{key.expires_at:%Y-%m-%d %H:%M}" if key.expires_at else "never",
        state,
    )
