"""An incident and the sellers whom the company knows become who wins by it, and who wrote."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from canary.investigate.joining import plain, shown
from canary.investigate.matrix import records_of
from canary.model import Indicator, Seller, Strength
from canary.model.casework import CaseFile

DOMAINS = frozenset(
    {"authenticated domain", "sender domain", "link domain", "image domain", "message-id domain", "helo"}
)
MAILBOXES = frozenset({"mailbox", "reply-to", "contact address"})
NUMBERS = frozenset({"phone", "whatsapp"})
PRODUCT = "product"


@dataclass(frozen=True, slots=True)
class Interest:
    """A seller and what ties it to an incident, in words that are safe to show.

    `kind` says how: `beneficiary` of a record, `product` of its own that the mail names, `sender` whose
    own indicators the mail has, `record and mail` where both come together.
    """

    kind: str
    seller: str
    name: str
    words: str
    records: tuple[str, ...] = ()
    indicators: tuple[Indicator, ...] = ()


@dataclass(slots=True)
class Registry:
    """Sellers, found by what is theirs."""

    by_name: dict[str, Seller] = field(default_factory=dict)
    by_claim: dict[tuple[str, str], list[Seller]] = field(default_factory=dict)
    patterns: list[tuple[str, Seller]] = field(default_factory=list)

    @classmethod
    def of(cls, sellers: Iterable[Seller]) -> "Registry":
        """Return the registry of some sellers."""
        made = cls()
        for seller in sellers:
            made.by_name.setdefault(seller.name.casefold(), seller)
            made.by_name[seller.id.casefold()] = seller
            for each in seller.indicators:
                if each.kind == "record":
                    made.patterns.append((each.value, seller))
                else:
                    made.by_claim.setdefault((each.kind, each.value.casefold()), []).append(seller)
        return made

    def of_record(self, record: str, beneficiary: str) -> Seller | None:
        """Return the seller that profits from a record: the beneficiary, else whose pattern it fits."""
        known = self.by_name.get(beneficiary.casefold()) if beneficiary else None
        if known:
            return known
        return next((seller for pattern, seller in self.patterns if fnmatchcase(record, pattern)), None)

    def of_indicator(self, indicator: Indicator) -> list[Seller]:
        """Return the sellers that have an indicator of a mail for their own."""
        found = [each for claim in claims_of(indicator) for each in self.by_claim.get(claim, ())]
        return list({each.id: each for each in found}.values())


def claims_of(indicator: Indicator) -> Iterator[tuple[str, str]]:
    """Yield under which kinds and values a seller may have an indicator of a mail."""
    kind, value = indicator.kind, indicator.value.casefold()
    if kind in DOMAINS:
        yield "domain", value
    elif kind in MAILBOXES:
        yield "mailbox", value
        labels = value.rpartition("@")[2].split(".")
        yield from (("domain", ".".join(labels[at:])) for at in range(len(labels) - 1))
    elif kind in NUMBERS:
        yield from ((number, value) for number in sorted(NUMBERS))
    elif kind == PRODUCT:
        yield PRODUCT, value
        yield PRODUCT, value.partition(":")[2]
    else:
        yield kind, value


def interests(case: CaseFile, registry: Registry) -> tuple[Interest, ...]:
    """Return who wins by an incident and who wrote, what ties record and mail together first."""
    records = records_of(case)
    mails = _indicators(case)
    winners: dict[str, list[str]] = {}
    sellers: dict[str, Seller] = {}
    for record, beneficiary in records.items():
        seller = registry.of_record(record, beneficiary) or (
            Seller(beneficiary, beneficiary) if beneficiary else None
        )
        if seller:
            sellers[seller.id] = seller
            winners.setdefault(seller.id, []).append(record)
    theirs: dict[str, list[Indicator]] = {}
    for indicator in mails:
        for seller in registry.of_indicator(indicator):
            sellers[seller.id] = seller
            theirs.setdefault(seller.id, []).append(indicator)
    found = [
        each
        for seller in sellers.values()
        for each in _interests(seller, winners.get(seller.id, []), theirs.get(seller.id, []))
    ]
    found += _products_of_records(records, mails)
    return tuple(sorted(found, key=lambda each: (KINDS.index(each.kind), each.name)))


KINDS = ("record and mail", "product", "sender", "beneficiary")


def interest_json(interest: Interest) -> dict[str, Any]:
    """Return an interest."""
    return {
        "kind": interest.kind,
        "seller": interest.seller,
        "name": interest.name,
        "words": interest.words,
        "records": list(interest.records),
        "indicators": [{"kind": each.kind, "value": each.value} for each in interest.indicators],
    }


def _interests(seller: Seller, records: list[str], theirs: list[Indicator]) -> Iterator[Interest]:
    name = plain(seller.name)
    products = [each for each in theirs if each.kind == PRODUCT]
    own = [each for each in theirs if each.kind != PRODUCT and each.strength is not Strength.HINTS]
    if products and records:
        words = f"the mail names the product of the record's seller, {name}: {_values(products)}"
        yield Interest("record and mail", seller.id, seller.name, words, tuple(records), tuple(products))
    elif products:
        words = f"the mail names a product of {name}: {_values(products)}"
        yield Interest("product", seller.id, seller.name, words, (), tuple(products))
    if own and records:
        words = f"the mail has what {name}, the seller of the record, is known by: {_values(own)}"
        yield Interest("record and mail", seller.id, seller.name, words, tuple(records), tuple(own))
    elif own:
        words = f"the mail has what {name} is known by: {_values(own)}"
        yield Interest("sender", seller.id, seller.name, words, (), tuple(own))
    if records and not theirs:
        some = "a record" if len(records) == 1 else f"{len(records)} records"
        yield Interest("beneficiary", seller.id, seller.name, f"{name} profits from {some}", tuple(records))


def _products_of_records(records: Mapping[str, str], mails: Iterable[Indicator]) -> Iterator[Interest]:
    """Yield that a mail names the product which a record is of, whoever sells it."""
    for each in mails:
        value = each.value.partition(":")[2] or each.value
        of_it = tuple(record for record in records if value.casefold() in record.casefold())
        if each.kind == PRODUCT and len(value) >= SHORTEST and of_it:
            words = f"the mail names the product that the record is of: {shown(each.value)}"
            beneficiary = next((records[record] for record in of_it if records[record]), "")
            yield Interest("product", beneficiary, beneficiary, words, of_it, (each,))


SHORTEST = 6
"""Shorter product identifiers stand in many records' names by chance."""


def _indicators(case: CaseFile) -> list[Indicator]:
    return list(dict.fromkeys(each for origin in case.origins.values() for each in origin.indicators))


def _values(indicators: Iterable[Indicator]) -> str:
    return ", ".join(dict.fromkeys(f"{each.kind} {shown(each.value)}" for each in indicators))
