"""`canary seed`: a view's decoys join the records of an export."""

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfileobj
from typing import IO, Annotated, BinaryIO, cast

import typer

from canary.cli.context import context_of
from canary.cli.output import note, print_json, whole_file
from canary.cli.times import time_of
from canary.errors import DataError, UsageError
from canary.investigate import planting_json
from canary.model import Access, Placement, Planting
from canary.plant import placement_salts
from canary.seed import FORMATS, Survey, survey


def run(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="The export; `-` reads standard input.", metavar="FILE")],
    employee: Annotated[str, typer.Option(help="The account that will see it.")],
    record: Annotated[str, typer.Option(help="What it is an export of.")],
    output: Annotated[
        str, typer.Option("--output", "-o", help="Where to write; `-` is standard output.", metavar="OUT")
    ],
    beneficiary: Annotated[str | None, typer.Option(help="Who would profit from its leak.")] = None,
    tool: Annotated[str | None, typer.Option(help="The tool it is looked at through.")] = None,
    session: Annotated[str | None, typer.Option(help="The session.")] = None,
    client_ip: Annotated[str | None, typer.Option("--client-ip", help="Where from.")] = None,
    at: Annotated[
        str | None, typer.Option("--at", help="When (ISO 8601 or epoch); now by default.", metavar="TIME")
    ] = None,
    fmt: Annotated[
        str | None,
        typer.Option(
            "--format", help=f"One of {', '.join(sorted(FORMATS))}; by name and content by default."
        ),
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            help="Say which column holds what: email=, name=, given=, family=. Repeatable.",
            metavar="ROLE=COLUMN",
        ),
    ] = None,
    texts: Annotated[
        Path | None,
        typer.Option("--texts", help="Texts for the decoys' free-text column, one a line.", metavar="FILE"),
    ] = None,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the access and its decoys as JSON (not with -o -).")
    ] = False,
) -> None:
    """Put a view's decoys among the records of a CSV, TSV, JSON or JSONL export.

    Every original record comes out byte for byte. The access is on record before OUT appears.
    """
    if as_json and output == "-":
        raise UsageError("--json and -o - would both write to standard output")
    if fmt is not None and fmt not in FORMATS:
        raise UsageError(f"--format {fmt}: not one of {', '.join(sorted(FORMATS))}")
    now = datetime.now(UTC)
    when = time_of("--at", at, now) if at else now
    access = Access(employee, record, when, beneficiary, tool, session, client_ip)
    with _spooled(file) as source, context_of(context).planter() as (planter, keyring, config):
        surveyed = survey(
            cast("BinaryIO", source),
            fmt=fmt,
            name=file,
            columns=_mapping(columns or ()),
            texts=_texts(texts),
            salts=placement_salts(keyring.draw, access, config.mint.cap),
        )
        planting = planter.plant(access)
        with _output(output) as out:
            seeding = surveyed.write(cast("BinaryIO", out), planting.decoys)
            planter.store.place(planting.access.id, seeding.placements)
    _tell(surveyed, planting, seeding.placements, (*surveyed.warnings, *seeding.warnings), as_json=as_json)


def _tell(
    surveyed: Survey,
    planting: Planting,
    placements: Sequence[Placement],
    warnings: Sequence[str],
    *,
    as_json: bool,
) -> None:
    for warning in dict.fromkeys(warnings):
        note(f"canary: {warning}")
    if as_json:
        positions = {each.decoy.id: each.position for each in placements}
        body = planting_json(planting)
        body["records"] = surveyed.records
        body["decoys"] = [
            {**decoy, "position": positions[decoy["id"]]}
            for decoy in body["decoys"]
            if decoy["id"] in positions
        ]
        print_json(body)
    else:
        note(
            f"{planting.access.id}: {surveyed.records:,} records, {len(placements)} decoys among them "
            f"({planting.fresh} new)"
        )


def _mapping(columns: Sequence[str]) -> Mapping[str, str]:
    mapping = {}
    for each in columns:
        role, equals, column = each.partition("=")
        if not equals or role not in {"email", "name", "given", "family"}:
            raise UsageError(f"--map {each}: expected email=, name=, given= or family= and a column")
        mapping[role] = column
    return mapping


def _texts(path: Path | None) -> Sequence[str]:
    if path is None:
        return ()
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeError) as error:
        raise DataError(f"cannot read --texts {path}: {error}") from None
    return [line.strip() for line in lines if line.strip()]


@contextmanager
def _spooled(file: str) -> Iterator[IO[bytes]]:
    """Open an export so that it can be read twice; a pipe is spooled to an unnamed file first."""
    if file != "-":
        try:
            source = Path(file).open("rb")  # noqa: SIM115 - closed below
        except OSError as error:
            raise DataError(f"cannot read {file}: {error.strerror}") from None
        with source:
            yield source
        return
    with tempfile.TemporaryFile() as spool:
        copyfileobj(sys.stdin.buffer, spool, 1 << 20)
        spool.seek(0)
        yield spool


@contextmanager
def _output(output: str) -> Iterator[IO[bytes]]:
    """Open OUT so that it appears whole or not at all; standard output is written when all is done."""
    if output != "-":
        with whole_file(Path(output)) as file:
            yield file
        return
    with tempfile.TemporaryFile() as spool:
        yield spool
        spool.seek(0)
        copyfileobj(spool, sys.stdout.buffer, 1 << 20)
        sys.stdout.buffer.flush()
