"""POST /v1/accesses: an access, or a thousand, become decoys to show."""

import msgspec

from canary.api.answers import Answer, encode
from canary.api.bodies import decoded
from canary.api.call import Call, access_of
from canary.api.problems import Refusal, failure, invalid
from canary.api.schema import (
    MOST_ACCESSES,
    AccessKept,
    AccessTold,
    DecoyShown,
    Outcome,
    Planted,
    Problem,
)
from canary.errors import CanaryError
from canary.model import Access
from canary.plant.planted import Planted as Shown
from canary.tallies import API_ACCESSES, API_DECOYS

CREATED, OK = 201, 200
SPACE = b" \t\r\n"
ONE = msgspec.json.Decoder(AccessTold)
MANY = msgspec.json.Decoder(list[msgspec.Raw])


async def plant(call: Call) -> Answer:
    """Plant what the body tells of: an object, or an array."""
    body = await call.body()
    if body[:1] != b"{" and body.lstrip(SPACE)[:1] == b"[":
        return await _many(call, body)
    told = decoded(ONE, body)
    call.take(1)
    known_as = await call.same_request(body) if b"idempotency-key" in call.headers else ""
    planted = await call.house.planter.aplant(access_of(told, call.house.clock(), known_as=known_as))
    count(call, planted)
    return Answer(OK if planted.duplicate else CREATED, encode(Planted(kept(planted), shown(planted))))


async def _many(call: Call, body: bytes) -> Answer:
    """Plant an array; each access has an outcome of its own, in its place."""
    raws = decoded(MANY, body)
    if len(raws) > MOST_ACCESSES:
        raise invalid("", f"there are {len(raws):,} accesses; at most {MOST_ACCESSES:,} go into a request")
    call.take(max(len(raws), 1))
    known_as = await call.same_request(body)
    told = [_told(call, raw, f"{known_as}:{place}" if known_as else "") for place, raw in enumerate(raws)]
    good = [each for each in told if isinstance(each, Access)]
    became = await call.house.planter.aplant_many(good) if good else []
    lost = [each for each in became if isinstance(each, CanaryError) and each.temporary]
    if lost and len(lost) == len(became):
        raise lost[0]
    planted = iter(became)
    outcomes = [_outcome(call, next(planted) if isinstance(each, Access) else each) for each in told]
    return Answer(OK, encode(outcomes))


def _told(call: Call, raw: msgspec.Raw, known_as: str) -> Access | Problem:
    try:
        return access_of(decoded(ONE, bytes(raw)), call.house.clock(), known_as=known_as)
    except Refusal as refusal:
        return refusal.problem


def _outcome(call: Call, became: Shown | CanaryError | Problem) -> Outcome | Problem:
    if isinstance(became, CanaryError):
        became = failure(became).problem
    if isinstance(became, Problem):
        call.house.tallies.add(f"{API_ACCESSES}|refused")
        return became
    count(call, became)
    return Outcome(OK if became.duplicate else CREATED, kept(became), shown(became))


def kept(planted: Shown) -> AccessKept:
    """Return what a caller is told of its access: nothing that it has not said itself."""
    access = planted.access
    return AccessKept(access.id, access.employee, access.record, access.at)


def shown(planted: Shown) -> list[DecoyShown]:
    """Return the decoys to show."""
    return [
        DecoyShown(
            (decoy := each.decoy).address,
            f"{decoy.given} {decoy.family}",
            decoy.given,
            decoy.family,
            each.position,
            each.marker,
        )
        for each in planted.shown
    ]


def count(call: Call, planted: Shown) -> None:
    """Count an access and the decoys that it shows."""
    tallies = call.house.tallies
    if planted.duplicate:
        tallies.add(f"{API_ACCESSES}|again")
    elif planted.access.bare:
        tallies.add(f"{API_ACCESSES}|bare")
    else:
        tallies.add(f"{API_ACCESSES}|planted")
    tallies.add(API_DECOYS, len(planted.shown))
