"""`canary mint`: accesses become decoys."""

import csv
import io
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Annotated, Any, BinaryIO

import typer
from rich.progress import wrap_file

from canary.accesslog import BadRow, ReadReport, read
from canary.cli.context import Context, context_of
from canary.cli.output import note, print_json, print_table, printable, say, whole_file
from canary.cli.times import time_of
from canary.errors import DataError, UsageError
from canary.investigate import decoy_json, planting_json
from canary.model import Access, Planting
from canary.plant import Planter

TOLD_ROWS = 20
CSV_COLUMNS = ("access", "at", "employee", "record", "decoy", "address", "name")


def run(
    context: typer.Context,
    employee: Annotated[str | None, typer.Option(help="The account that looks.")] = None,
    record: Annotated[str | None, typer.Option(help="What is looked at.")] = None,
    beneficiary: Annotated[str | None, typer.Option(help="Who would profit from its leak.")] = None,
    tool: Annotated[str | None, typer.Option(help="The tool it is looked at through.")] = None,
    session: Annotated[str | None, typer.Option(help="The session.")] = None,
    client_ip: Annotated[str | None, typer.Option("--client-ip", help="Where from.")] = None,
    at: Annotated[
        str | None, typer.Option("--at", help="When (ISO 8601 or epoch); now by default.", metavar="TIME")
    ] = None,
    source: Annotated[
        str | None,
        typer.Option("--from", help="An access log, CSV or JSONL; `-` reads standard input.", metavar="FILE"),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="With --from: write the decoys (.csv or .jsonl).", metavar="FILE"
        ),
    ] = None,
    control: Annotated[
        int | None,
        typer.Option("--control", help="Mint N decoys that nobody is ever shown.", min=1, metavar="N"),
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Mint the decoys of an access, of a whole access log, or controls."""
    program = context_of(context)
    if sum(way is not None for way in (source, control, employee or record)) != 1:
        raise UsageError(
            "give --employee and --record, or --from FILE, or --control N", hint="canary mint --help"
        )
    if control is not None:
        _controls(program, control, as_json=as_json)
    elif source is not None:
        _log(program, source, output, as_json=as_json)
    else:
        if not employee or not record:
            raise UsageError("an access needs both --employee and --record")
        now = datetime.now(UTC)
        when = time_of("--at", at, now) if at else now
        access = Access(employee, record, when, beneficiary, tool, session, client_ip)
        _one(program, access, as_json=as_json)


def _one(program: Context, access: Access, *, as_json: bool) -> None:
    with program.planter() as (planter, _, _):
        planting = planter.plant(access)
    if as_json:
        print_json(planting_json(planting))
        return
    say(
        f"{planting.access.id}: {access.employee} looks at {access.record}; "
        f"{len(planting.decoys)} decoys to show, {planting.fresh} of them new"
    )
    print_table(
        ("decoy", "address", "name"), ((each.id, each.address, each.name) for each in planting.decoys)
    )


def _controls(program: Context, count: int, *, as_json: bool) -> None:
    with program.planter() as (planter, _, _):
        controls = planter.mint_controls(count)
    if as_json:
        print_json([decoy_json(decoy) for decoy in controls])
    else:
        say(f"{count} controls minted; keep them out of every record")
        print_table(("decoy", "address", "name"), ((each.id, each.address, each.name) for each in controls))


@dataclass(slots=True)
class Tally:
    """What became of the rows of a log."""

    accesses: int = 0
    known: int = 0
    decoys: int = 0
    bad: list[BadRow] = field(default_factory=list)
    bad_rows: int = 0


def _log(program: Context, source: str, output: Path | None, *, as_json: bool) -> None:
    if output is not None and output.suffix.lower() not in {".csv", ".jsonl"}:
        raise UsageError(f"--output {output}: the name must end in .csv or .jsonl")
    tally, report = Tally(), ReadReport()
    with ExitStack() as stack:
        planter, _, _ = stack.enter_context(program.planter())
        stream = stack.enter_context(_opened(source))
        file = stack.enter_context(whole_file(output)) if output else None
        rows = read(stream, name=source, now=datetime.now(UTC), report=report)
        _plant(planter, _good(rows, tally), tally, _writer(file, output))
    _tell(tally, report, as_json=as_json)
    if tally.bad_rows:
        raise DataError(
            f"{tally.bad_rows} rows of {source} could not be read; all others are planted",
            hint="mend them and run the same command again: what is planted is not planted twice",
        )


def _plant(planter: Planter, accesses: Iterable[Access], tally: Tally, write: Any) -> None:
    for planting in planter.plant_stream(accesses):
        tally.accesses += 1
        tally.known += planting.duplicate
        tally.decoys += planting.fresh
        write(planting)


def _good(rows: Iterable[Access | BadRow], tally: Tally) -> Iterator[Access]:
    for row in rows:
        if isinstance(row, Access):
            yield row
            continue
        tally.bad_rows += 1
        if len(tally.bad) < TOLD_ROWS:
            tally.bad.append(row)


def _tell(tally: Tally, report: ReadReport, *, as_json: bool) -> None:
    for row in tally.bad:
        note(f"line {row.line}, column {row.column}: {row.field}: {printable(row.problem)}")
    if tally.bad_rows > len(tally.bad):
        note(f"… and {tally.bad_rows - len(tally.bad)} more bad rows")
    if report.fallback_encoded:
        note(f"{report.fallback_encoded} rows are not UTF-8 and were read as Windows-1252")
    if report.ignored_columns:
        note(f"columns not used: {printable(', '.join(report.ignored_columns))}")
    if as_json:
        print_json(
            {
                "accesses": tally.accesses,
                "new": tally.accesses - tally.known,
                "known": tally.known,
                "decoys": tally.decoys,
                "bad_rows": tally.bad_rows,
            }
        )
        return
    say(
        f"{tally.accesses:,} accesses: {tally.accesses - tally.known:,} new, {tally.known:,} known before; "
        f"{tally.decoys:,} decoys minted"
    )


@contextmanager
def _opened(source: str) -> Iterator[BinaryIO]:
    """Open a log; on a terminal a bar shows how much of it is read."""
    if source == "-":
        yield sys.stdin.buffer
        return
    try:
        file = Path(source).open("rb")  # noqa: SIM115 - closed below
    except OSError as error:
        raise DataError(f"cannot read {source}: {error.strerror}") from None
    with file:
        if not sys.stderr.isatty():
            yield file
            return
        with wrap_file(file, Path(source).stat().st_size, description="planting") as wrapped:
            yield wrapped


def _writer(file: IO[bytes] | None, path: Path | None) -> Any:
    """Return what writes a planting to the output, in the format of its name."""
    if file is None or path is None:
        return lambda _: None
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    if path.suffix.lower() == ".jsonl":
        return lambda planting: text.write(json.dumps(planting_json(planting), ensure_ascii=False) + "\n")
    table = csv.writer(text)
    table.writerow(CSV_COLUMNS)
    return lambda planting: table.writerows(_csv_rows(planting))


def _csv_rows(planting: Planting) -> Iterator[tuple[str, ...]]:
    access = planting.access
    for decoy in planting.decoys:
        at = access.at.isoformat()
        yield (access.id, at, access.employee, access.record, decoy.id, decoy.address, decoy.name)
