"""`canary mint`: accesses become decoys."""

import csv
import io
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Annotated, BinaryIO

import typer

from canary.accesslog import BadRow, ReadReport, read
from canary.cli.context import Context, context_of
from canary.cli.output import counted, json_text, note, print_json, say, whole_file
from canary.cli.table import print_table
from canary.cli.told import Acting, At, Beneficiary, ClientIp, Session, Tool, access_told
from canary.errors import DataError, UsageError
from canary.investigate import decoy_json, layer_of, planting_json
from canary.model import Access, Decoy, Planting
from canary.plant import Planter

TOLD_ROWS = 20
OUTPUTS = (".csv", ".jsonl")
CSV_COLUMNS = ("access", "at", "employee", "record", "decoy", "address", "name", "layer")
WAYS = "give --employee and --record, or --from FILE, or --control N"

Write = Callable[[Planting], object]


def run(
    context: typer.Context,
    employee: Annotated[
        str | None, typer.Option("--employee", help="The account that looks.", metavar="ACCOUNT")
    ] = None,
    record: Annotated[
        str | None, typer.Option("--record", help="What is looked at.", metavar="RECORD")
    ] = None,
    beneficiary: Beneficiary = None,
    tool: Tool = None,
    session: Session = None,
    client_ip: ClientIp = None,
    actor_class: Acting = None,
    at: At = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="Mint for every access of a log, CSV or JSONL; `-` reads it from a pipe.",
            metavar="FILE",
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            help="With --from: write every access and its decoys, as .csv or .jsonl; `-` pipes JSONL.",
            metavar="OUT",
        ),
    ] = None,
    control: Annotated[
        int | None,
        typer.Option("--control", help="Mint N decoys that nobody is ever shown.", min=1, metavar="N"),
    ] = None,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON: the access and its decoys; of a log, the counts.")
    ] = False,
) -> None:
    """Mint the decoys of one access, of every access in a log, or controls.

    The same access again, with the same --at, changes nothing, and neither does the same log.
    """
    program = context_of(context)
    if sum(way is not None for way in (source, control, employee or record)) != 1:
        raise UsageError(WAYS, hint="canary mint --help")
    told = {
        "--beneficiary": beneficiary,
        "--tool": tool,
        "--session": session,
        "--client-ip": client_ip,
        "--actor-class": actor_class,
        "--at": at,
    }
    if source is None and output is not None:
        raise UsageError("--output goes with --from", hint="one access: --json prints its decoys")
    if source is not None or control is not None:
        _refuse(told)
    if control is not None:
        _controls(program, control, as_json=as_json)
    elif source is not None:
        _log(program, source, output, as_json=as_json)
    else:
        access = access_told(
            employee or "",
            record or "",
            datetime.now(UTC),
            at=at,
            beneficiary=beneficiary,
            tool=tool,
            session=session,
            client_ip=client_ip,
            actor_class=actor_class,
        )
        _one(program, access, as_json=as_json)


def _refuse(options: dict[str, str | None]) -> None:
    for name, value in options.items():
        if value is not None:
            raise UsageError(f"{name} goes with --employee and --record", hint="a log has a column for it")


def _one(program: Context, access: Access, *, as_json: bool) -> None:
    with program.planter() as (planter, _, _):
        planting = planter.plant(access)
    if as_json:
        print_json(planting_json(planting))
        return
    again = " (known before)" if planting.duplicate else ""
    say(
        f"{planting.access.id}{again}: {access.employee} looks at {access.record}; "
        f"{counted(len(planting.decoys), 'decoy')} to show, {planting.fresh} new"
    )
    _print_decoys(planting.decoys)


def _controls(program: Context, count: int, *, as_json: bool) -> None:
    with program.planter() as (planter, _, _):
        controls = planter.mint_controls(count)
    if as_json:
        print_json([decoy_json(decoy) for decoy in controls])
    else:
        say(f"{counted(count, 'control')} minted; keep them out of every record")
        _print_decoys(controls)


def _print_decoys(decoys: Sequence[Decoy]) -> None:
    rows = ((each.id, each.address, each.name, layer_of(each)) for each in decoys)
    print_table(("decoy", "address", "name", "layer"), rows, none="no decoys")


@dataclass(slots=True)
class Tally:
    """What became of the rows of a log."""

    accesses: int = 0
    known: int = 0
    decoys: int = 0
    bad: list[BadRow] = field(default_factory=list)
    bad_rows: int = 0


def _log(program: Context, source: str, output: str | None, *, as_json: bool) -> None:
    if output is not None and output != "-" and Path(output).suffix.lower() not in OUTPUTS:
        raise UsageError(f"--output {output}: the name must end in .csv or .jsonl")
    if output == "-" and as_json:
        raise UsageError("--json and -o - would both write to standard output")
    tally, report = Tally(), ReadReport()
    with ExitStack() as stack:
        planter, _, _ = stack.enter_context(program.planter())
        stream = stack.enter_context(_opened(source))
        write = stack.enter_context(_writing(output))
        rows = read(stream, name=source, now=datetime.now(UTC), report=report)
        _plant(planter, _good(rows, tally), tally, write)
    _tell(tally, report)
    if as_json:
        print_json(_counts(tally))
    else:
        (note if output == "-" else say)(
            f"{counted(tally.accesses, 'access', 'accesses')}: {tally.accesses - tally.known:,} new, "
            f"{tally.known:,} known before; {counted(tally.decoys, 'decoy')} minted"
        )
    if tally.bad_rows:
        raise DataError(
            f"{counted(tally.bad_rows, 'row')} of {_named(source)} could not be read; all others are planted",
            hint="mend and run the same command again: what is planted is not planted twice",
        )


def _plant(planter: Planter, accesses: Iterable[Access], tally: Tally, write: Write) -> None:
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


def _tell(tally: Tally, report: ReadReport) -> None:
    for row in tally.bad:
        note(str(row))
    if tally.bad_rows > len(tally.bad):
        note(f"… and {counted(tally.bad_rows - len(tally.bad), 'bad row')} more")
    if report.fallback_encoded:
        note(
            f"{counted(report.fallback_encoded, 'line')} not in UTF-8 "
            f"{'was' if report.fallback_encoded == 1 else 'were'} read as Windows-1252"
        )
    if report.ignored_columns:
        note(f"columns not used: {', '.join(report.ignored_columns)}")


def _counts(tally: Tally) -> dict[str, int]:
    return {
        "accesses": tally.accesses,
        "new": tally.accesses - tally.known,
        "known": tally.known,
        "decoys": tally.decoys,
        "bad_rows": tally.bad_rows,
    }


def _named(source: str) -> str:
    return "standard input" if source == "-" else source


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
        size = Path(source).stat().st_size
        if not sys.stderr.isatty() or not size:
            yield file
            return
        from rich.console import Console  # noqa: PLC0415 - a fifth of the start-up time, for a terminal alone
        from rich.progress import wrap_file  # noqa: PLC0415

        console = Console(stderr=True)
        with wrap_file(file, size, description="planting", console=console, transient=True) as wrapped:
            yield wrapped


@contextmanager
def _writing(output: str | None) -> Iterator[Write]:
    """Open what writes a planting to the output, in the format of its name."""
    if output is None:
        yield lambda _: None
        return
    if output == "-":
        yield lambda planting: sys.stdout.write(f"{json_text(planting_json(planting))}\n")
        return
    with whole_file(Path(output)) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        yield _table_writer(text) if Path(output).suffix.lower() == ".csv" else _line_writer(text)
        text.flush()
        text.detach()


def _line_writer(text: IO[str]) -> Write:
    return lambda planting: text.write(f"{json_text(planting_json(planting))}\n")


def _table_writer(text: IO[str]) -> Write:
    table = csv.writer(text)
    table.writerow(CSV_COLUMNS)
    return lambda planting: table.writerows(_csv_rows(planting))


def _csv_rows(planting: Planting) -> Iterator[tuple[str, ...]]:
    access = planting.access
    for decoy in planting.decoys:
        at = access.at.isoformat()
        shown = (decoy.id, decoy.address, decoy.name, layer_of(decoy))
        yield (access.id, at, access.employee, access.record, *shown)
