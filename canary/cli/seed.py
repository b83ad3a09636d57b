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
from canary.cli.output import counted, note, print_json, warn, whole_file
from canary.cli.told import Acting, At, Beneficiary, ClientIp, Session, Tool, access_told
from canary.errors import DataError, UsageError
from canary.investigate import planting_json
from canary.model import Placement, Planting
from canary.plant import arranged, placement_salts, shared_salts
from canary.ports import Store
from canary.seed import FORMATS, Seeding, Survey, survey


def run(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="The export; `-` reads it from a pipe.", metavar="FILE")],
    employee: Annotated[
        str, typer.Option("--employee", help="The account that will see it.", metavar="ACCOUNT")
    ],
    record: Annotated[str, typer.Option("--record", help="What it is an export of.", metavar="RECORD")],
    output: Annotated[
        str, typer.Option("--output", "-o", help="Where to write; `-` is standard output.", metavar="OUT")
    ],
    beneficiary: Beneficiary = None,
    tool: Tool = None,
    session: Session = None,
    client_ip: ClientIp = None,
    actor_class: Acting = None,
    at: At = None,
    fmt: Annotated[
        str | None,
        typer.Option(
            "--format",
            help=f"One of {', '.join(sorted(FORMATS))}.  [default: by name and content]",
            metavar="FORMAT",
        ),
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            help="Which column holds what: email=, name=, given= or family=; repeatable.  [default: found]",
            metavar="ROLE=COLUMN",
        ),
    ] = None,
    texts: Annotated[
        Path | None,
        typer.Option("--texts", help="Texts for the decoys' free-text column, one a line.", metavar="FILE"),
    ] = None,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the access, its decoys and their positions as JSON.")
    ] = False,
) -> None:
    """Put the decoys of an access among the records of a CSV, TSV, JSON or JSONL export.

    Every original record comes out byte for byte. The access is on record before OUT appears, and OUT
    appears whole or not at all.
    """
    if as_json and output == "-":
        raise UsageError("--json and -o - would both write to standard output")
    if fmt is not None and fmt not in FORMATS:
        raise UsageError(f"--format {fmt}: not one of {', '.join(sorted(FORMATS))}")
    mapping, pool = _mapping(columns or ()), _texts(texts)
    access = access_told(
        employee,
        record,
        datetime.now(UTC),
        at=at,
        beneficiary=beneficiary,
        tool=tool,
        session=session,
        client_ip=client_ip,
        actor_class=actor_class,
    )
    with _spooled(file) as source, context_of(context).planter() as (planter, keyring, _):
        _refuse_same(file, output)
        slots = planter.shared_slots(record)
        surveyed = survey(
            cast("BinaryIO", source),
            fmt=fmt,
            name=file,
            columns=mapping,
            texts=pool,
            salts=placement_salts(keyring.draw, access),
            shared=shared_salts(keyring.draw, record, slots),
        )
        with _output(output) as out:
            planting = planter.plant(access)
            seeding = _written(planter.store, surveyed, planting, cast("BinaryIO", out))
    _tell(surveyed, planting, seeding.placements, (*surveyed.warnings, *seeding.warnings), as_json=as_json)


def _written(store: Store, surveyed: Survey, planting: Planting, out: BinaryIO) -> Seeding:
    """Write the export with the decoys in place, and note where they stand: nowhere, if it fails."""
    placements: Sequence[Placement] = ()
    try:
        seeding = surveyed.pour(out, arranged(store, surveyed, planting.decoys))
        placements = seeding.placements
    finally:
        store.place(planting.access.id, placements, all_of_them=not planting.duplicate)
    return seeding


def _tell(
    surveyed: Survey,
    planting: Planting,
    placements: Sequence[Placement],
    warnings: Sequence[str],
    *,
    as_json: bool,
) -> None:
    for warning in dict.fromkeys(warnings):
        warn(warning)
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
            f"{planting.access.id}: {counted(len(placements), 'decoy')} among "
            f"{counted(surveyed.records, 'record')}, {planting.fresh} new"
        )


def _mapping(columns: Sequence[str]) -> Mapping[str, str]:
    mapping = {}
    for each in columns:
        role, equals, column = each.partition("=")
        if not equals or role not in {"email", "name", "given", "family"}:
            raise UsageError(f"--map {each}: expected email=, name=, given= or family= and a column")
        mapping[role] = column
    return mapping


def _refuse_same(file: str, output: str) -> None:
    if "-" not in {file, output} and Path(output).exists() and Path(output).samefile(file):
        raise UsageError(
            f"{output} is the export itself: it would be lost, and seeded twice the next time",
            hint="write to another file",
        )


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
