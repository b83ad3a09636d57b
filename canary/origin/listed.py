"""A domain becomes what many strangers share it for: free mail, bulk sending, short links, a platform."""

from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from importlib.resources import files

from canary.origin.domains import organisation


class Shared(StrEnum):
    """What a domain that is everybody's is for."""

    FREEMAIL = "freemail"
    ESP = "esp"
    SHORTENER = "shortener"
    PLATFORM = "platform"


def shared(domain: str) -> Shared | None:
    """Return what strangers share an ASCII domain or its organisation for; None for one of its own."""
    known = _listed()
    return known.get(domain) or known.get(organisation(domain))


@cache
def _listed() -> dict[str, Shared]:
    return dict(_rows((files("canary.origin") / "data" / "listed.txt").read_text("ascii")))


def _rows(text: str) -> Iterator[tuple[str, Shared]]:
    for line in text.splitlines():
        if not line.startswith("#"):
            kind, *domains = line.split()
            yield from ((domain, Shared(kind)) for domain in domains)
