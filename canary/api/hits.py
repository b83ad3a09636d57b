"""GET /v1/hits: a monitoring system reads the hits as they come, a page at a time."""

import asyncio
import re
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from canary.api.answers import Answer, encode
from canary.api.call import Call, at_of
from canary.api.problems import Refusal, invalid
from canary.api.schema import (
    MOST_HITS,
    ExposingAccess,
    HitFound,
    HitsPage,
    MailSeen,
    ProbeSeen,
    TouchSeen,
)
from canary.model import Access, Hit
from canary.ports import HitFilter

USUAL: Final = 100
HIT: Final = re.compile(r"hit_[0-9]{1,18}")
LIMIT: Final = re.compile(r"[0-9]{1,4}", re.ASCII)
NAMES: Final = ("since", "limit", "after")


async def hits(call: Call) -> Answer:
    """Answer with the hits behind `after` and not before `since`, at most `limit` of them."""
    call.take(1)
    wanted = _wanted(call.query)
    found = await asyncio.to_thread(lambda: list(call.house.planter.store.hits(wanted)))
    last = found[-1].id if found else wanted.after or None
    return Answer(200, encode(HitsPage([_told(hit) for hit in found], last)))


def _wanted(query: bytes) -> HitFilter:
    """Return what a query asks for. Raises Refusal."""
    said: dict[str, str] = {}
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=20):
        if name not in NAMES or name in said:
            raise invalid(name[:80], f"is no parameter of this, or there twice: there are {', '.join(NAMES)}")
        said[name] = value
    after, limit = said.get("after", ""), said.get("limit", str(USUAL))
    if after and not HIT.fullmatch(after):
        raise invalid("after", "is not the `next` of a page before")
    if not LIMIT.fullmatch(limit) or not 1 <= int(limit) <= MOST_HITS:
        raise invalid("limit", f"is no whole number from 1 to {MOST_HITS:,}")
    since = _since(said["since"]) if "since" in said else None
    return HitFilter(since=since, limit=int(limit), after=after)


def _since(text: str) -> datetime:
    try:
        at = msgspec.convert(text.replace(" ", "+"), datetime)
        if at.tzinfo is None:
            raise _no_time()
    except msgspec.ValidationError:
        raise _no_time() from None
    return at_of(at)


def _no_time() -> Refusal:
    return invalid("since", "is no time as RFC 3339 writes it, with an offset: 2026-11-20T09:30:00Z")


def _told(hit: Hit) -> HitFound:
    message, probe, touch = hit.message, hit.probe, hit.touch
    return HitFound(
        id=hit.id,
        at=hit.at,
        hit_class=hit.verdict.hit_class,
        confidence=hit.verdict.confidence,
        reasons=list(hit.verdict.reasons),
        decoy=hit.decoy.id,
        control=hit.decoy.control,
        accesses=[_access(each) for each in hit.accesses],
        message=None
        if message is None
        else MailSeen(
            message.id,
            message.sha256,
            message.mail_from,
            str(message.peer),
            message.received_at,
            message.size,
        ),
        probe=None
        if probe is None
        else ProbeSeen(probe.verb.value, probe.mail_from, str(probe.peer), probe.others),
        touch=None if touch is None else TouchSeen(touch.action, touch.employee, touch.at),
        deliveries=hit.deliveries,
        incident=hit.incident or None,
    )


def _access(access: Access) -> ExposingAccess:
    return ExposingAccess(
        access.id,
        access.employee,
        access.record,
        access.at,
        access.beneficiary,
        access.tool,
        access.session,
        access.client_ip,
        access.actor,
        access.actor_class,
    )
