"""A list and its buyers become letters on the wire: who mails which address when, and what it says."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from scripts.simulating.leaks import AMONG, Leak
from scripts.simulating.world import OWN_DOMAIN

BUYERS = (1, 2, 3)
FIRST_DAYS, LASTS_DAYS = (2.0, 20.0), (3.0, 30.0)
ROTATES = 0.35
"""The share of buyers who mail from many domains and addresses in turn."""

FORGES = 0.05
"""The share who write as if they were the company."""

VERIFIES = 0.3
"""The share who have the list verified first: the addresses are named to the host, and nothing is sent."""

VERIFIED_AT_ONCE = 20
OPENINGS = (
    "We saw what you wrote about {thing}", "Thank you for your order of {thing}",
    "Your opinion of {thing} matters to us", "A gift for everybody who bought {thing}",
)  # fmt: skip
ASKS = (
    "change your review to five stars and we pay you back in full", "send us a screenshot and get 30 dollars",
    "try our new model for free and tell others", "claim the second one at no cost before Friday",
)  # fmt: skip
THINGS = (
    "the blue kettle",
    "the desk lamp",
    "the running belt",
    "the phone holder",
    "the knife set",
    "the yoga mat",
)


@dataclass(frozen=True, slots=True)
class Letter:
    """One session: an envelope and, unless it is only to see which recipients are there, a message.

    `source` says whose it is: the number of a leak, or a kind of noise. Recipients that turn out to be
    there are mailed later where it is `harvesting`.
    """

    at: datetime
    source: str
    ip: str
    helo: str
    mail_from: str
    recipients: tuple[str, ...]
    raw: bytes = b""
    harvesting: bool = False


@dataclass(frozen=True, slots=True)
class Buyer:
    """Somebody who bought a list: under which domains and from which addresses he mails, and his words."""

    name: str
    domains: tuple[tuple[str, str], ...]
    words: str
    handle: str
    forges: bool
    verifies: bool

    def letter(self, at: datetime, source: str, recipient: str, turn: int) -> Letter:
        """Return a letter to somebody on the list."""
        domain, ip = self.domains[turn % len(self.domains)]
        sender = f"care@{OWN_DOMAIN}" if self.forges else f"care@{domain}"
        return Letter(
            at,
            source,
            ip,
            f"mx.{domain}",
            sender,
            (recipient,),
            text(sender, recipient, at, f"{self.words} Write to WeChat: {self.handle}"),
        )


@dataclass(frozen=True, slots=True)
class Campaign:
    """What comes of a leak: letters to its decoys, and when mail to anybody on the list went out."""

    letters: tuple[Letter, ...]
    mailed: tuple[datetime, ...]


def buyer(name: str, source: Random) -> Buyer:
    """Return a made-up buyer."""
    many = source.randint(3, 8) if source.random() < ROTATES else 1
    domains = tuple((f"{name}-{n}.example", address(source)) for n in range(many))
    words = f"{source.choice(OPENINGS)}: please {source.choice(ASKS)}."
    return Buyer(
        name,
        domains,
        words.format(thing=source.choice(THINGS)),
        f"{name.replace('-', '')}{source.randrange(1000)}",
        forges=source.random() < FORGES,
        verifies=source.random() < VERIFIES,
    )


def campaign(leak: Leak, number: int, mailed: float, buyers: Sequence[Buyer], source: Random) -> Campaign:
    """Return how a list is mailed: each address with this chance, by one of the buyers, in his time."""
    name = f"leak {number}"
    spans = [
        (leak.left + timedelta(days=source.uniform(*FIRST_DAYS)), timedelta(days=source.uniform(*LASTS_DAYS)))
        for _ in buyers
    ]
    chosen = [address for address in leak.decoys if source.random() < mailed]
    letters, sent = [], []
    by_buyer: list[list[str]] = [[] for _ in buyers]
    for turn, recipient in enumerate(chosen):
        which = source.randrange(len(buyers))
        by_buyer[which].append(recipient)
        begins, lasts = spans[which]
        letters.append(buyers[which].letter(begins + lasts * source.random(), name, recipient, turn))
    genuine = leak.size - leak.size // AMONG
    for _ in range(sum(source.random() < mailed for _ in range(genuine))):
        begins, lasts = spans[source.randrange(len(spans))]
        sent.append(begins + lasts * source.random())
    sent += [each.at for each in letters]
    for each, (begins, _), some in zip(buyers, spans, by_buyer, strict=True):
        if each.verifies:
            letters += verified(some, name, begins - timedelta(days=source.uniform(0.5, 1.5)), source)
    return Campaign(tuple(letters), tuple(sorted(sent)))


def verified(addresses: Sequence[str], name: str, at: datetime, source: Random) -> Iterator[Letter]:
    """Yield sessions that name addresses and send nothing: a verification service's."""
    ip = address(source)
    for first in range(0, len(addresses), VERIFIED_AT_ONCE):
        some = tuple(addresses[first : first + VERIFIED_AT_ONCE])
        yield Letter(at + timedelta(minutes=first), name, ip, "verify.example", "check@verify.example", some)


def text(sender: str, recipient: str, at: datetime, words: str) -> bytes:
    """Return a message."""
    domain = sender.partition("@")[2]
    return (
        f"From: Customer care <{sender}>\r\nTo: {recipient}\r\nSubject: {words[:40]}\r\n"
        f"Date: {at:%a, %d %b %Y %H:%M:%S} +0000\r\nMessage-ID: <{at.timestamp()}@{domain}>\r\n"
        f"\r\nHello,\r\n\r\n{words}\r\n"
    ).encode()


def address(source: Random) -> str:
    """Return a client's address, of a network that is nobody's."""
    return f"198.{source.choice((18, 19))}.{source.randrange(256)}.{source.randrange(1, 255)}"
