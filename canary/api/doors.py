"""Which request goes where: paths, methods and the scope of key that each needs."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from canary.api.answers import Answer
from canary.api.call import Call
from canary.api.hits import hits
from canary.api.planting import plant
from canary.api.seeding import Seeder
from canary.api.touching import touch
from canary.model import Scope
from canary.tallies import API_REQUESTS

Endpoint = Callable[[Call], Awaitable[Answer]]
Page = Callable[[], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Door:
    """What answers a path, and under which key its requests are counted."""

    counted: str
    methods: tuple[str, ...]
    scope: Scope
    endpoint: Endpoint


POST: Final = ("POST",)
GET: Final = ("GET", "HEAD")


def doors() -> Mapping[str, Door]:
    """Return the doors that need a key, by path."""
    return {
        "/v1/accesses": Door(f"{API_REQUESTS}|accesses", POST, Scope.PLANT, plant),
        "/v1/seed": Door(f"{API_REQUESTS}|seed", POST, Scope.PLANT, Seeder().seed),
        "/v1/touches": Door(f"{API_REQUESTS}|touches", POST, Scope.TOUCH, touch),
        "/v1/hits": Door(f"{API_REQUESTS}|hits", GET, Scope.READ, hits),
    }
