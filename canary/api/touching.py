"""POST /v1/touches: what somebody did to a decoy's record is kept as a hit."""

import msgspec

from canary.api.answers import Answer, encode
from canary.api.call import Call, at_of, read
from canary.api.problems import refusal
from canary.api.schema import Taken, TouchTold
from canary.errors import NotFoundError

ACCEPTED = 202
TOUCH = msgspec.json.Decoder(TouchTold)
TAKEN = encode(Taken())


async def touch(call: Call) -> Answer:
    """Keep a touch; the answer tells nothing about the decoy, the access or what is known of it."""
    told, body = await read(call, TOUCH)
    call.take(1)
    await call.same_request(body)
    at = None if told.at is None else at_of(told.at)
    try:
        await call.house.planter.atouch(told.marker, told.action, told.employee, at)
    except NotFoundError:
        raise refusal("unknown-marker", "no access was shown a decoy under it") from None
    return Answer(ACCEPTED, TAKEN)
