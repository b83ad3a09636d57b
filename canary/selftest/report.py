"""The legs of a self-test become a report: what was reached, how long it took, and what to do."""

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

LEGS: Final = (
    "mx",
    "connect",
    "tls",
    "certificate",
    "unknown",
    "recipient",
    "data",
    "kept",
    "told",
    "silence",
)
"""Every leg in the order in which a mail passes them; there is a `told` for each channel."""


class LegState(StrEnum):
    """What became of a leg. One that is `warned` was passed, though not as it should be."""

    OK = "ok"
    WARNED = "warned"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg: what was seen there (`said`), and what to do about it.

    `channel` is whom a `told` is about. `temporary` says of a failed leg that trying again may help.
    """

    name: str
    state: LegState
    said: str
    hint: str = ""
    channel: str = ""
    temporary: bool = False
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one self-test mail. Identifiers are "" for what was not reached."""

    domain: str
    at: datetime
    message_id: str
    decoy_id: str
    legs: tuple[Leg, ...]

    @property
    def failed(self) -> tuple[Leg, ...]:
        """Return the legs that failed, first passed first."""
        return tuple(leg for leg in self.legs if leg.state is LegState.FAILED)


Legs = Generator[Leg, None, None]


def walked(legs: Iterator[Leg], monotonic: Callable[[], float] = time.monotonic) -> Iterator[Leg]:
    """Yield the legs with the seconds that each took; those that were not reached are skipped."""
    began, reached = monotonic(), set()
    for leg in legs:
        now = monotonic()
        reached.add(leg.name)
        yield replace(leg, seconds=now - began)
        began = monotonic()
    for name in LEGS:
        if name not in reached:
            yield Leg(name, LegState.SKIPPED, "not reached")


def report_json(report: Report) -> dict[str, Any]:
    """Return a report: a stable contract, documented in docs/json.md."""
    return {
        "domain": report.domain,
        "ok": not report.failed,
        "at": report.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "message_id": report.message_id,
        "decoy": report.decoy_id,
        "legs": [
            {
                "leg": leg.name,
                "channel": leg.channel,
                "state": leg.state.value,
                "seconds": round(leg.seconds, 4),
                "said": leg.said,
                "hint": leg.hint,
            }
            for leg in report.legs
        ],
    }
