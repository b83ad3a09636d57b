"""`canary lookup`: a list that was found becomes the decoys in it, and whose copy it may be."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from canary.address import canonical
from canary.cli.context import context_of
from canary.cli.output import counted, note, print_json, say, warn
from canary.cli.table import print_table
from canary.dump import Found, Lookup, Near, addresses_in, blocks_of, look_up
from canary.errors import DataError
from canary.investigate import access_json, few, layer_of
from canary.investigate.evidence import listed
from canary.investigate.ranking import NOTHING, RankingView, ranking, ranking_json, ranking_lines
from canary.model import Access, BaseRate, Decoy
from canary.ports import Exposures

DECOYS_FOUND = 3
MOST_ACCESSES = 100
"""So many accesses of a decoy are told; a shared one may have very many."""

MOST_WEIGHED = 2000
"""So many decoys of a list are weighed, taken evenly: of a copied store any part says as much."""

SAMPLE = 8192
MOST_NULS = 0.01
PACKED = (
    (b"PK\x03\x04", "a zip archive, as xlsx and docx are", "export its text, e.g. as CSV"),
    (b"%PDF-", "a PDF", "pdftotext FILE - | canary lookup -"),
    (b"BZh", "packed with bzip2", "bzcat FILE | canary lookup -"),
    (b"\xfd7zXZ\x00", "packed with xz", "xzcat FILE | canary lookup -"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd", "zstdcat FILE | canary lookup -"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it first"),
    (b"Rar!\x1a\x07", "a RAR archive", "unpack it first"),
)


@dataclass(slots=True)
class Dump:
    """A file as it is read. `broken` is what ended it early; what came before that is looked at."""

    path: Path
    broken: DataError | None = None
    begun: bool = False

    def blocks(self) -> Iterator[bytes]:
        """Yield its text. Raises DataError for a file that is missing, empty, packed, or no text."""
        try:
            for block in blocks_of(self.path):
                if not self.begun:
                    self._check(block)
                self.begun = True
                yield block
        except DataError as error:
            if not self.begun:
                raise
            self.broken = error

    def _check(self, block: bytes) -> None:
        name = "standard input" if str(self.path) == "-" else str(self.path)
        if not block:
            raise DataError(f"{name} is empty")
        for sign, what, hint in PACKED:
            if block.startswith(sign):
                raise DataError(f"{name} is {what}: text is looked for", hint=hint.replace("FILE", name))
        sample = block[:SAMPLE]
        if sample.count(0) > MOST_NULS * len(sample):
            raise DataError(f"{name} is no text", hint=f"strings {name} | canary lookup -")


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found in a list, whom the decoys were shown, and whose copy it may be."""

    lookup: Lookup[Decoy]
    near: tuple[tuple[Near, Decoy], ...]
    accesses: dict[str, tuple[tuple[Access, ...], int]] = field(default_factory=dict)
    ranking: RankingView = NOTHING

    @property
    def controls(self) -> int:
        """Return how many controls are among the decoys."""
        return sum(each.known.control and not each.known.selftest for each in self.lookup.decoys)


def run(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="Any text, gzipped or not; - for stdin.", metavar="FILE")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Print every factor of whose it may be.")
    ] = False,
    fail_on_hit: Annotated[
        bool, typer.Option("--fail-on-hit", help=f"Exit with {DECOYS_FOUND} if a decoy is in it.")
    ] = False,
) -> None:
    """Look decoys up in a list that was found, and say through whose access it may have come.

    Near misses are told, too: what is a decoy's address but for a misread or mistyped letter or two. Nothing
    of the list is kept.
    """
    program = context_of(context)
    config = program.config()
    if str(path) == "-" and sys.stdin.isatty():
        note("paste the list, and end it with Ctrl-D on a line of its own")
    dump = Dump(path)
    with program.store(config) as store, store.exposures() as look:
        domains = {domain.name for domain in config.mint.domains} | set(look.domains())
        looked = _looked(look, dump, domains, store.base_rate())
    _warn(looked)
    if as_json:
        print_json(_json(looked))
    else:
        _print(looked, explain=explain)
    if dump.broken:
        raise dump.broken
    if fail_on_hit and any(not each.known.selftest for each in looked.lookup.decoys):
        raise typer.Exit(DECOYS_FOUND)


def _looked(look: Exposures, dump: Dump, domains: set[str], rate: BaseRate) -> Looked:
    parts: dict[str, str] = {}

    def decoys_of(domain: str) -> Iterator[str]:
        if not parts:
            parts.update(look.locals_by_domain())
        return (f"{local}@{domain}" for local in parts.get(domain, "").split())

    lookup = look_up(addresses_in(dump.blocks()), sorted(domains), look.found, decoys_of)
    meant = look.found(list(dict.fromkeys(each.decoy for each in lookup.near)))
    near = tuple((each, meant[each.decoy]) for each in lookup.near if each.decoy in meant)
    shown = {each.known.id: look.accesses(each.known.id, MOST_ACCESSES) for each in lookup.decoys}
    exact = [each.known for each in lookup.decoys if not each.known.selftest]
    step = max(1, -(-len(exact) // MOST_WEIGHED))
    weighed = list(islice(exact, 0, None, step))
    hits = listed(weighed, _nearest(near), datetime.now(UTC), rate)
    seen = BaseRate(rate.decoys, rate.controls, rate.control_hits, rate.strays, rate.hits + len(hits))
    return Looked(lookup, near, shown, ranking(look, hits, seen))


def _nearest(near: Sequence[tuple[Near, Decoy]]) -> list[Decoy]:
    """Return the decoys that near misses most likely mean; of two as near neither counts."""
    by_address: dict[str, list[tuple[float, Decoy]]] = {}
    for miss, decoy in near:
        by_address.setdefault(canonical(miss.address), []).append((miss.distance, decoy))
    meant = []
    for candidates in by_address.values():
        ordered = sorted(candidates, key=lambda each: each[0])
        if len(ordered) == 1 or ordered[0][0] < ordered[1][0]:
            meant.append(ordered[0][1])
    return meant


def _warn(looked: Looked) -> None:
    if looked.controls:
        warn(
            f"{counted(looked.controls, 'control')} in this list: NOBODY WAS EVER SHOWN A CONTROL. The store "
            "itself, its keys, a backup or a list that `canary suppress` wrote has leaked"
        )
    tests = sum(each.known.selftest for each in looked.lookup.decoys)
    if tests:
        warn(
            f"{counted(tests, 'address', 'addresses')} of `canary selftest` in this list: only our own mail "
            "names these; look at the mail's route and at the store"
        )
    if looked.lookup.uncompared:
        many = counted(looked.lookup.uncompared, "address", "addresses")
        warn(f"{many} at domains of decoys were not compared: too many to be misread decoys")


def _print(looked: Looked, *, explain: bool) -> None:
    lookup = looked.lookup
    print_table(
        ("line", "address", "times", "layer", "employee", "record"),
        (_row(each, looked) for each in lookup.decoys),
        spare=("times", "layer"),
        none="no decoys",
    )
    if looked.near:
        say()
        say("Near misses, for review: nobody has shown that these decoys were in the list.")
        print_table(
            ("line", "address", "edits", "decoy"),
            (
                (f"{miss.line:,}", miss.address, f"{miss.distance:g}", decoy.address)
                for miss, decoy in looked.near
            ),
            none="",
        )
    if looked.ranking.rows:
        say()
        for line in ranking_lines(looked.ranking, explain=explain):
            say(line)
        say("This names accounts, not culprits: screens are shared, laptops infected, accounts stolen.")
    note(
        f"{counted(lookup.addresses, 'address', 'addresses')} read, up to line {lookup.lines:,}: "
        f"{counted(len(lookup.decoys), 'decoy')}, {counted(len(looked.near), 'near miss', 'near misses')}"
    )


def _row(found: Found[Decoy], looked: Looked) -> tuple[str, ...]:
    accesses, _ = looked.accesses[found.known.id]
    return (
        f"{found.line:,}",
        found.address,
        f"{found.times:,}",
        layer_of(found.known),
        few(list(dict.fromkeys(access.employee for access in accesses))) or "-",
        few(list(dict.fromkeys(access.record for access in accesses))) or "-",
    )


def _json(looked: Looked) -> dict[str, Any]:
    lookup = looked.lookup
    return {
        "decoys": [_decoy_json(each, *looked.accesses[each.known.id]) for each in lookup.decoys],
        "near": [
            {"address": miss.address, "line": miss.line, "decoy": decoy.address, "distance": miss.distance}
            for miss, decoy in looked.near
        ],
        "ranking": ranking_json(looked.ranking),
        "said": looked.ranking.said,
        "next": list(looked.ranking.next),
        "controls": looked.controls,
        "addresses": lookup.addresses,
        "lines": lookup.lines,
        "uncompared": lookup.uncompared,
    }


def _decoy_json(found: Found[Decoy], accesses: Sequence[Access], shown: int) -> dict[str, Any]:
    return {
        "address": found.address,
        "line": found.line,
        "times": found.times,
        "id": found.known.id,
        "decoy": found.known.address,
        "layer": layer_of(found.known),
        "shown": shown,
        "accesses": [access_json(access) for access in accesses],
    }
