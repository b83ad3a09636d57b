"""POST /v1/seed: the records of a page come back with the access's decoys among them."""

import asyncio
import re

import msgspec

from canary.api.answers import Answer, encode
from canary.api.bodies import decoded
from canary.api.call import Call, access_of, read
from canary.api.planting import CREATED, OK, count, kept
from canary.api.problems import Refusal, invalid, refusal
from canary.api.schema import DecoyPlaced, FieldsNamed, SeedAsked, Seeded
from canary.errors import DataError
from canary.plant.pages import Page, seeded

ASKED = msgspec.json.Decoder(SeedAsked)
RECORDS = msgspec.json.Decoder(list[msgspec.Raw])
FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
PLACE = re.compile(r"^records, line \d+, column \d+: ")
OPTION = re.compile(r"--map (\w+)=([^\s?]+)")
AT_ONCE = 2
"""How many pages are seeded at a time: that is work for a processor, and other requests want it, too."""


class Seeder:
    """Seeds pages, some at a time."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def seed(self, call: Call) -> Answer:
        """Seed the records that the body holds."""
        asked, body = await read(call, ASKED)
        records = bytes(asked.records)
        call.take(max(_count(records), 1))
        known_as = await call.same_request(body)
        access = access_of(asked.access, call.house.clock(), "access.", known_as)
        house, fields = call.house, asked.map
        async with self._turns:
            try:
                page = await asyncio.to_thread(
                    seeded,
                    house.planter,
                    house.draw,
                    access,
                    records,
                    fields=_columns(fields),
                    texts=asked.texts,
                )
            except DataError as error:
                raise _about_records(error) from None
        count(call, page.planted)
        return Answer(OK if page.planted.duplicate else CREATED, encode(_told(page, fields)))


def _count(records: bytes) -> int:
    try:
        records.decode()
    except UnicodeDecodeError:
        raise refusal("malformed", "it is not UTF-8") from None
    return len(decoded(RECORDS, records, "records"))


def _columns(fields: FieldsNamed) -> dict[str, str]:
    roles = {"email": fields.email, "name": fields.name, "given": fields.given, "family": fields.family}
    return {role: field for role, field in roles.items() if field is not None}


def _about_records(error: DataError) -> Refusal:
    """Return what is wrong with records, in the words of a request: no lines, no options."""
    return invalid("records", f"cannot be seeded: {_plain(error.message)}", _plain(error.hint))


def _plain(words: str) -> str:
    return OPTION.sub(r'"map": {"\1": "\2"}', PLACE.sub("", words)).replace("--texts FILE", '"texts"')


def _told(page: Page, fields: FieldsNamed) -> Seeded:
    records = page.records
    if fields.marker is not None and page.placed:
        records = _marked(page, fields.marker)
    return Seeded(kept(page.planted), msgspec.Raw(records), _placed(page), list(map(_plain, page.warnings)))


def _placed(page: Page) -> list[DecoyPlaced]:
    return [
        DecoyPlaced(
            index, each.decoy.address, each.decoy.name, each.decoy.given, each.decoy.family, each.marker
        )
        for index, each in page.placed
    ]


def _marked(page: Page, field: str) -> bytes:
    """Return the records with each decoy's marker in a field of its own."""
    marked = RECORDS.decode(page.records)
    for index, each in page.placed:
        cells = FIELDS.decode(marked[index])
        cells[field] = msgspec.Raw(encode(each.marker))
        marked[index] = msgspec.Raw(encode(cells))
    return encode(marked)
