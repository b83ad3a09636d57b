"""An alert becomes its facts: whose accesses showed the decoys and when, and what arrived."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from canary.model import Access, ActorClass, Alert, Decoy, Hit, HitClass, Layer, Peer, Probe, Touch

TEST_ALERT = "test"
"""The identifier of an alert about nothing, sent to try a channel."""

TOLD_FIRST = (HitClass.MAIL, HitClass.TOUCH, HitClass.BOUNCE)
MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Account:
    """An employee's account, the accesses that showed it the decoys, and the first hit on them.

    `accesses` stand each once, first shown first; `decoys` counts those of this account that were hit.
    """

    employee: str
    accesses: tuple[Access, ...]
    decoys: int
    hit_at: datetime

    @property
    def acting(self) -> str:
        """Return what looked, to be said behind the account, where that was no person; else ""."""
        others = sorted({access.actor_class for access in self.accesses} - {ActorClass.PERSON})
        return f" (shown to {', '.join(others)}: not a person)" if others else ""

    @property
    def before(self) -> tuple[Access, ...]:
        """Return the accesses up to the hit: the ones that can have exposed the address."""
        return tuple(access for access in self.accesses if access.at <= self.hit_at)

    @property
    def last(self) -> Access:
        """Return the last access up to the hit, or the first at all where clocks disagree."""
        return (self.before or self.accesses[:1])[-1]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message or probe as it arrived, or a touch as it was reported, with the hits that it made."""

    at: datetime
    hits: tuple[Hit, ...]
    mail_from: str
    peer: Peer
    head: bytes = b""
    probe: Probe | None = None
    ours: bool = True
    touch: Touch | None = None


def accounts(alert: Alert) -> tuple[Account, ...]:
    """Return the accounts whose accesses showed the decoys, the one with most decoys first."""
    shown: dict[str, list[tuple[Access, Hit]]] = {}
    for hit in alert.hits:
        for access in hit.accesses:
            shown.setdefault(access.employee, []).append((access, hit))
    found = [_account(employee, pairs) for employee, pairs in shown.items()]
    return tuple(sorted(found, key=lambda account: (-account.decoys, account.employee)))


def _account(employee: str, pairs: list[tuple[Access, Hit]]) -> Account:
    accesses = {access.id or (access.record, access.at): access for access, _ in pairs}
    return Account(
        employee=employee,
        accesses=tuple(sorted(accesses.values(), key=lambda access: access.at)),
        decoys=len({hit.decoy.address for _, hit in pairs}),
        hit_at=min(hit.at for _, hit in pairs),
    )


def arrivals(alert: Alert) -> tuple[Arrival, ...]:
    """Return the messages and probes behind the hits, first arrived first; probes of one session are one."""
    groups: dict[object, list[Hit]] = {}
    for hit in alert.hits:
        groups.setdefault(_origin(hit), []).append(hit)
    return tuple(sorted((_arrival(hits) for hits in groups.values()), key=lambda arrival: arrival.at))


def _origin(hit: Hit) -> object:
    if hit.message is not None:
        return hit.message.id
    if hit.probe is not None and hit.probe.peer.session:
        return hit.probe.peer.ip, hit.probe.peer.session
    return "hit", hit.id


def _arrival(hits: list[Hit]) -> Arrival:
    first = min(hits, key=lambda hit: hit.at)
    if first.message is not None:
        message = first.message
        return Arrival(
            at=first.at,
            hits=tuple(hits),
            mail_from=message.mail_from,
            peer=message.peer,
            head=message.head,
            ours=message.ours,
        )
    probe = first.probe
    return Arrival(
        at=first.at,
        hits=tuple(hits),
        mail_from=probe.mail_from if probe else "",
        peer=probe.peer if probe else Peer("", 0),
        probe=probe,
        touch=first.touch,
    )


def decoys(alert: Alert) -> tuple[Decoy, ...]:
    """Return the decoys that were hit, each once, in the order of the hits."""
    return tuple({hit.decoy.address: hit.decoy for hit in alert.hits}.values())


def shared(alert: Alert) -> bool:
    """Say whether employees share decoys that were hit: then several accounts are one leak, not several.

    A touch names one access, whoever shares the decoy.
    """
    return any(
        hit.decoy.layer is not Layer.VIEW for hit in alert.hits if not hit.decoy.control and hit.touch is None
    )


def pointed_to(alert: Alert, exposed: tuple[Account, ...]) -> Account | None:
    """Return the account that the decoys point to before others, None where shared ones point to several."""
    if not exposed:
        return None
    tied = [each for each in exposed if each.decoys == exposed[0].decoys]
    return None if shared(alert) and len(tied) > 1 else exposed[0]


def leading_class(alert: Alert) -> HitClass:
    """Return the class that an alert is told as: mail before a touch before a bounce before a probe."""
    classes = {hit.verdict.hit_class for hit in alert.hits}
    return next((one for one in TOLD_FIRST if one in classes), HitClass.PROBE)


def surest(alert: Alert) -> tuple[Hit, ...]:
    """Return the hits, the one with the highest confidence first."""
    return tuple(sorted(alert.hits, key=lambda hit: -hit.verdict.confidence))


def distinct(values: Iterable[str | None]) -> tuple[str, ...]:
    """Return the values that are there, each once, in their order."""
    return tuple(dict.fromkeys(value for value in values if value))


def when(at: datetime) -> str:
    """Return a time to the second, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def span(delta: timedelta) -> str:
    """Return a duration in its two largest parts: `3 days 4 h`, `12 min 5 s`."""
    seconds = int(abs(delta).total_seconds())
    days, hours = divmod(seconds, DAY)
    parts = (
        (days, "day" if days == 1 else "days"),
        (hours // HOUR, "h"),
        (hours % HOUR // MINUTE, "min"),
        (seconds % MINUTE, "s"),
    )
    first = next((at for at, (count, _) in enumerate(parts) if count), len(parts) - 1)
    return " ".join(f"{count:,} {unit}" for count, unit in parts[first : first + 2] if count) or "0 s"
