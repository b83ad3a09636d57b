"""Records in any number become a keyed sample of fixed size, and a memory of the identifiers seen.

The sample holds the records of least keyed hash (a bottom-k sketch: Cohen and Kaplan,
"Summarizing data using bottom-k sketches", PODC 2007): it is uniform, nobody without the key can
tell what is in it, and an export that grows by a small share keeps all but that share of it.
Whatever is drawn is the record of minimal rank under one more keyed hash (min-wise hashing).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import repeat
from zlib import crc32

from canary.seed.cells import Batch, Extractor, Span

SAMPLE = 1024
SAMPLE_BYTES = 8 << 20
HEAD = 512
LEAST_FLAGS, MOST_FLAGS = 16, 25
WORD = (1 << 64) - 1


@dataclass(slots=True)
class Spot:
    """A record in the sample: where it is, and where its neighbours are."""

    rank: int
    digest: bytes
    index: int
    before: Span | None
    span: Span
    after: Span | None = None


class Seen:
    """Which identifiers an export holds: at most 32 MB, never wrong about one that is absent.

    One flag for each identifier's checksum; `tops` has each column's longest, then greatest value.
    `size` is the export's, in bytes.
    """

    def __init__(self, columns: Sequence[str] = (), size: int = 0) -> None:
        self.columns = tuple(columns)
        self.tops = [b""] * len(self.columns)
        self._flags = bytearray(1 << min(max(LEAST_FLAGS, size.bit_length()), MOST_FLAGS))

    def add(self, place: int, values: Sequence[bytes]) -> None:
        """Note identifiers of the column at `place`."""
        flags, last = self._flags, len(self._flags) - 1
        for checksum in map(crc32, values, repeat(place)):
            flags[checksum & last] = 1
        longest = max(map(len, values), default=0)
        if longest >= len(self.tops[place]):
            top = max(value for value in values if len(value) == longest)
            self.tops[place] = max(self.tops[place], top, key=lambda value: (len(value), value))

    def absent(self, column: str, value: bytes) -> bool:
        """Say whether an identifier is surely not in its column."""
        return not self._flags[crc32(value, self.columns.index(column)) & (len(self._flags) - 1)]


@dataclass(slots=True)
class Sketch:
    """What one reading of an export leaves: count, sample (least rank first), identifiers."""

    count: int
    spots: list[Spot]
    seen: Seen


Tracking = Callable[[Sequence[Span]], tuple[Sequence[str], Extractor]]
"""The first records become the columns to watch for identifiers, and what reads those."""


def sketch_of(batches: Iterable[Batch], key: bytes, tracking: Tracking, *, size: int) -> Sketch:
    """Read records once; memory does not grow with them. `size` is the export's, in bytes."""
    sample = _Sample(key)
    seen: Seen | None = None
    for batch in batches:
        if not batch.keys:
            continue
        sample.offer(batch)
        if seen is None:
            head = list(zip(batch.starts[:HEAD], batch.ends[:HEAD], strict=True))
            columns, extract = tracking(head)
            seen = Seen(columns, size)
        for place, values in enumerate(extract(batch)):
            seen.add(place, values)
    return sample.sketch(seen or Seen())


@dataclass(slots=True)
class _Sample:
    """Keeps the records of least rank.

    A rank is a keyed multiply-shift hash of the record's checksum: 2-universal (Dietzfelbinger et
    al., "A reliable randomized algorithm for the closest-pair problem", J. Algorithms 25, 1997).
    """

    key: bytes
    count: int = 0
    bar: int = WORD + 1
    kept: list[Spot] = field(default_factory=list)
    last: Spot | None = None

    def offer(self, batch: Batch) -> None:
        """Look at the next records."""
        secret = blake2b(b"rank", key=self.key, digest_size=16).digest()
        factor, shift = int.from_bytes(secret[:8]) | 1, int.from_bytes(secret[8:])
        bar = self.bar
        ranks = [
            (rank, place)
            for place, checksum in enumerate(map(crc32, batch.keys))
            if (rank := factor * checksum + shift & WORD) < bar
        ]
        first = self._spot(batch, 0, 0)
        if self.last is not None:
            self.last.after = first.span
        for rank, place in ranks:
            self.kept.append(first if place == 0 else self._spot(batch, rank, place))
            self.kept[-1].rank = rank
        self._close(batch)

    def _spot(self, batch: Batch, rank: int, place: int) -> Spot:
        """Return the record at a place of a batch; the last one learns its successor from the next batch."""
        before = self.last.span if self.last else None
        if place:
            before = batch.starts[place - 1], batch.ends[place - 1]
        after = None
        if place + 1 < len(batch.keys):
            after = batch.starts[place + 1], batch.ends[place + 1]
        digest = blake2b(batch.keys[place], key=self.key, digest_size=16).digest()
        span = batch.starts[place], batch.ends[place]
        return Spot(rank, digest, self.count + place, before, span, after)

    def _close(self, batch: Batch) -> None:
        final = len(batch.keys) - 1
        kept = self.kept[-1] if self.kept and self.kept[-1].index == self.count + final else None
        self.last = kept or self._spot(batch, 0, final)
        self.count += len(batch.keys)
        if len(self.kept) >= 2 * SAMPLE:
            self.kept.sort(key=_by_rank)
            del self.kept[SAMPLE:]
            self.bar = self.kept[-1].rank + 1

    def sketch(self, seen: Seen) -> Sketch:
        """Return what was kept; huge records leave a smaller sample, so that memory stays bounded."""
        self.kept.sort(key=_by_rank)
        spots, size = [], 0
        for spot in self.kept[:SAMPLE]:
            spots.append(spot)
            size += spot.span[1] - spot.span[0]
            if size > SAMPLE_BYTES:
                break
        return Sketch(self.count, spots, seen)


def _by_rank(spot: Spot) -> tuple[int, int]:
    return spot.rank, spot.index


def ranked(spots: Iterable[Spot], salt: bytes, purpose: str) -> list[Spot]:
    """Return records in the order of their rank for one purpose; the first is the draw."""
    person = purpose.encode()[:16]
    return sorted(
        spots, key=lambda s: (blake2b(s.digest, key=salt, person=person, digest_size=8).digest(), s.index)
    )


def number(salt: bytes, *labels: object) -> int:
    """Return 128 keyed bits that belong to these labels."""
    text = "\x1f".join(map(str, labels)).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, key=salt, digest_size=16).digest())
