"""Two addresses become how far apart they are, to the eye and to the hand that types."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from canary.address import canonical_domain, canonical_local, split

if TYPE_CHECKING:
    from types import ModuleType

MOST = 2.0
MISREAD = 0.5
"""What all confusions of letters together cost: less than a typo, so that who was misread comes before who
was mistyped; more than nothing, so that an address that is right comes first."""

SHORT_DOMAIN = 10
"""Below so many characters two edits lead from one real domain to many others."""

FAR = 5
"""Two misread pairs of letters are four edits of what was written."""

KNOWN_DOMAINS = 1 << 16
CONFUSED = str.maketrans({"1": "l", "i": "l", "0": "o", "5": "s", "8": "b"})
JOINED = (("rn", "m"), ("vv", "w"), ("cl", "d"))


@dataclass(frozen=True, slots=True)
class Near:
    """A written address and a decoy that it nearly is. `distance` is in edits, a misreading counting half."""

    address: str
    line: int
    decoy: str
    distance: float


@cache
def _fuzz() -> "ModuleType":
    from rapidfuzz import process  # noqa: PLC0415 - 60 ms, only where something is compared

    return process


@cache
def _osa() -> "ModuleType":
    from rapidfuzz.distance import OSA  # noqa: PLC0415 - see above

    return OSA


def skeleton(text: str) -> str:
    """Return a text as it may be read off a photograph, so that texts that look alike are the same.

    rn is read as m, vv as w, cl as d; 1, I and l, 0 and O, 5 and S, 8 and B as each other. Lists are written
    in either case, so an i may have been an I.
    """
    plain = text.lower()
    for written, read in JOINED:
        plain = plain.replace(written, read)
    return plain.translate(CONFUSED)


def distance(one: str, other: str) -> float:
    """Return how many edits lead from one text to the other, swapped neighbours being one edit.

    That is the restricted Damerau-Levenshtein distance (optimal string alignment), of the texts as they
    are, or as they are misread, plus `MISREAD`; whichever is less.
    """
    written = float(_osa().distance(one, other))
    return min(written, _osa().distance(skeleton(one), skeleton(other)) + MISREAD) if written else 0.0


@dataclass(frozen=True, slots=True)
class Locals:
    """Canonical local parts of decoys, and how they are read. Make it with `locals_of`."""

    written: tuple[str, ...]
    read: tuple[str, ...]


def locals_of(decoys: Iterable[str]) -> Locals:
    """Return canonical local parts ready to be compared with many."""
    written = tuple(decoys)
    return Locals(written, tuple(map(skeleton, written)))


def near(local: str, decoys: Locals, most: float = MOST) -> Iterator[tuple[str, float]]:
    """Yield those canonical local parts that are within `most` edits of this one, with their distances.

    All of them, not the nearest alone: which of two is meant is for whoever weighs the exposures. An
    equal one is among them, with 0.
    """
    extract, scorer = _fuzz().extract, _osa().distance
    found = extract(local, decoys.written, scorer=scorer, score_cutoff=int(most), limit=None)
    if most >= MISREAD:
        cutoff = int(most - MISREAD)
        found += extract(skeleton(local), decoys.read, scorer=scorer, score_cutoff=cutoff, limit=None)
    for at in sorted({at for *_, at in found}):
        text = decoys.written[at]
        apart = distance(local, text)
        if apart <= most:
            yield text, apart


@dataclass(frozen=True, slots=True)
class Place:
    """Which of our domains a written one is or may be, and how many edits lead there.

    `glued` says that it only begins like ours: it may as well be another.
    """

    domain: str
    distance: float
    glued: bool = False


class Domains:
    """The domains that have decoys; says of any other whether it is one of them, nearly."""

    def __init__(self, domains: Iterable[str]) -> None:
        self._domains = tuple(dict.fromkeys(canonical_domain(domain) for domain in domains))
        self._known: dict[str, tuple[Place, ...]] = {}

    def places(self, written: str) -> tuple[Place, ...]:
        """Return our domains that a written one may be, the nearest first; none for nearly all.

        A domain with something glued to its end (`one.exampleTel`) is that domain. Short domains have to
        be nearer than long ones.
        """
        known = self._known.get(written)
        if known is None:
            if len(self._known) >= KNOWN_DOMAINS:
                self._known.clear()
            known = self._known[written] = tuple(self._places(canonical_domain(written)))
        return known

    def _places(self, written: str) -> Iterator[Place]:
        if written in self._domains:
            yield Place(written, 0.0)
            return
        found = [Place(ours, 0.0, glued=True) for ours in self._domains if written.startswith(ours)]
        for ours in self._domains:
            if _osa().distance(written, ours, score_cutoff=FAR) < FAR:
                apart = distance(written, ours)
                if apart <= (1.0 if len(ours) < SHORT_DOMAIN else MOST):
                    found.append(Place(ours, apart))
        yield from sorted(found, key=lambda place: (place.distance, -len(place.domain)))


def canonical_parts(address: str) -> tuple[str, str]:
    """Return the canonical local part of an address and its domain as it was written."""
    local, domain = split(address)
    return canonical_local(local), domain
