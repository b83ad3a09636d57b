"""`canary suppress`: the list that senders need so as never to mail a decoy, for holders of the keys."""

import hashlib
import sys
from collections.abc import Iterator
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from canary.cli.context import context_of
from canary.cli.output import counted, note, warn, whole_file
from canary.errors import UsageError
from canary.ports import Store

OTHERS = 0o077


class Format(StrEnum):
    """What a line of the list holds: the SHA-256 of an address in small letters, or the address."""

    SHA256 = "sha256"
    PLAIN = "plain"


def run(
    context: typer.Context,
    form: Annotated[
        Format, typer.Option("--format", help="sha256: of the address in small letters; plain: the address.")
    ] = Format.SHA256,
    output: Annotated[
        Path | None,
        typer.Option("--output", help="Write to a file that only you can read.", metavar="FILE"),
    ] = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Print it to a terminal, too.")] = False,
) -> None:
    """Write every decoy's address, one a line: what your own mail service must never send to.

    Controls and self-test decoys are in it. Whoever has this list knows every decoy, and so has whoever
    can hash the addresses that they were shown: hand it to nobody but the sender, keep no copy, and write it
    again after minting.
    """
    if output is None and sys.stdout.isatty() and not yes:
        raise UsageError(
            "every decoy's address is not printed to a terminal", hint="give --output FILE, or --yes"
        )
    if output is not None and output.is_file() and output.stat().st_mode & OTHERS:
        raise UsageError(f"{output} can be read by others", hint=f"run: chmod 600 {output}")
    warn("this list names every decoy: whoever reads it can tell them from customers")
    with context_of(context).store() as store:
        lines = _lines(store, form)
        if output is None:
            count = sum(sys.stdout.write(line) > 0 for line in lines)
        else:
            with whole_file(output) as file:
                count = sum(file.write(line.encode()) > 0 for line in lines)
    note(counted(count, "address", "addresses"))


def _lines(store: Store, form: Format) -> Iterator[str]:
    """Return the lines of the list."""
    for decoy in chain(store.decoys(), store.decoys(selftest=True)):
        address = decoy.address.lower()
        yield f"{hashlib.sha256(address.encode()).hexdigest() if form is Format.SHA256 else address}\n"
