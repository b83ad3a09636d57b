"""The applications' nouns: who may ask what of canary over HTTP, and what they have asked."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Scope(StrEnum):
    """What a key is for. One that may plant can read nothing."""

    PLANT = "plant"
    TOUCH = "touch"
    READ = "read"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of an application. `rate` is requests a minute, None for what the configuration says.

    `id` is given by the store (`key_…`). The secret is not in it: it was shown once.
    """

    name: str
    scope: Scope
    created_at: datetime
    rate: int | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    id: str = ""

    def good_at(self, now: datetime) -> bool:
        """Say whether the key is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


class Asked(StrEnum):
    """Whether a request was made before under its idempotency key: never, the same, or another one."""

    FRESH = "fresh"
    SAME = "same"
    CONFLICT = "conflict"
