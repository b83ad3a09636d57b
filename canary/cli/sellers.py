"""`canary sellers`: whom the company knows, so that a mail can be told to be a seller's."""

from pathlib import Path
from typing import Annotated

import typer

from canary.cli.context import context_of
from canary.cli.output import counted, print_json, say
from canary.cli.table import print_table
from canary.errors import CanaryError, DataError
from canary.investigate import few
from canary.investigate.registry import COLUMNS, Forms, entries, taken_in
from canary.model import Seller

MOST_BYTES = 64_000_000
group = typer.Typer(help="List the sellers whom the company knows.", invoke_without_command=True)


@group.callback()
def run(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> None:
    """List the sellers whom the company knows, and by what."""
    if context.invoked_subcommand:
        return
    with context_of(context).store() as store:
        known = store.sellers()
        if as_json:
            print_json([_body(each) for each in known])
        else:
            print_table(("seller", "name", "known by"), map(_row, known), none="no sellers")


@group.command("import")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV with a heading, or JSON.", metavar="FILE")],
    *,
    merge: Annotated[
        bool,
        typer.Option("--merge", help="Add to sellers that are there, in place of refusing duplicates."),
    ] = False,
) -> None:
    """Take in sellers: id, name, domains, mailboxes, handles, products, records.

    In CSV the last five hold lists with `;` between. A handle is written wechat:NAME, telegram:NAME,
    whatsapp:NUMBER, qq:NUMBER or phone:NUMBER; records are patterns such as product:B07*. Nothing is taken
    in unless all of it can be.
    """
    found = entries(_text(file), _forms())
    with context_of(context).store() as store:
        kept = taken_in(found, store.sellers(), merge=merge)
        store.keep_sellers(kept)
    say(f"{counted(len(kept), 'seller')} taken in")


def _text(file: Path) -> str:
    try:
        raw = file.read_bytes() if file.stat().st_size <= MOST_BYTES else None
    except OSError as error:
        raise CanaryError(f"cannot read {file}: {error.strerror}") from None
    if raw is None:
        raise DataError(f"{file} has more than {MOST_BYTES // 1_000_000} MB: that is no list of sellers")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise DataError(f"{file}: line {line} is not UTF-8") from None
    if not text.strip():
        raise DataError(f"{file} is empty", hint=f"a heading, then a seller a line: {','.join(COLUMNS)}")
    return text


def _forms() -> Forms:
    """Return the normal forms that origins of mail have."""
    from canary.origin.domains import name_of  # noqa: PLC0415 - brings the public suffix list
    from canary.origin.fields import mailbox_of  # noqa: PLC0415 - the same
    from canary.origin.listed import shared  # noqa: PLC0415 - the same

    def domain(text: str) -> str:
        name = name_of(text) if "." in text and "@" not in text else None
        return (name.organisation or name.ascii) if name else ""

    def mailbox(text: str) -> str:
        found = mailbox_of(text)
        return found.address if found else ""

    return Forms(domain, mailbox, lambda name: shared(name) is not None)


def _row(seller: Seller) -> tuple[str, ...]:
    return seller.id, seller.name, few([f"{each.kind} {each.value}" for each in seller.indicators], 5) or "-"


def _body(seller: Seller) -> dict[str, object]:
    known = [{"kind": each.kind, "value": each.value} for each in seller.indicators]
    return {"id": seller.id, "name": seller.name, "indicators": known}
