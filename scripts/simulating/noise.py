"""What no insider caused becomes letters: guesses, spam, the company's own mail, bounces, crawled pages."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from random import Random

from canary.persona import NaturalGenerator
from scripts.simulating.chance import poisson
from scripts.simulating.company import START
from scripts.simulating.letters import Letter, address, text
from scripts.simulating.world import DOMAINS, OWN_DOMAIN, World, floor_of, keys_of

OWN_IP = "203.0.113.10"
SESSION = (20, 400)
"""Guesses in a session of a dictionary attack."""

SHARES = {"dictionary": 0.9, "spam": 0.06, "bounce": 0.02, "forged": 0.02}
"""Of all noise messages: recipients guessed and only named, mailed, sent a bounce, mailed as if by us."""

CRAWLED = 0.3
"""The chance that in a scene a crawled copy is mailed."""

CONTROL_MAILED = 0.5
SPAMMED = 1.0
"""How many spammers there are in a scene whose lists have live addresses on them that nobody leaked."""

CRAWLED_BY = "crawled "
OWN_LETTERS = 2.0
AFTER_DAYS = 150


@cache
def _generator(seed: int, floor: float) -> NaturalGenerator:
    """Return what draws addresses by other keys than ours; it takes a while to make."""
    return NaturalGenerator(keys_of(seed, "guesser").draw, floor_bits=floor)


class Guesser:
    """Guesses addresses as they are minted, by the same model and floor, without our keys."""

    def __init__(self, world: World, source: Random) -> None:
        self._source = source
        self._generator = _generator(world.company.seed, floor_of(world.company))

    def guess(self) -> str:
        """Return an address at one of our domains."""
        domain = f"{self._source.choice(DOMAINS)}.example"
        return f"{self._generator.persona(self._source.randbytes(16), domain).local}@{domain}"


def noise(world: World, messages: int, source: Random) -> Iterator[Letter]:
    """Yield so many noise messages and attempts, and what comes beside them, in any order."""
    guesser = Guesser(world, source)
    yield from _attacks(guesser, round(messages * SHARES["dictionary"]), source)
    for kind in ("spam", "bounce", "forged"):
        for _ in range(round(messages * SHARES[kind])):
            yield _guessed(kind, guesser.guess(), source)
    for _ in range(poisson(source, OWN_LETTERS)):
        yield from _own(world, source)
    for _ in range(poisson(source, SPAMMED)):
        yield from _listed(world, source)
    if source.random() < CRAWLED:
        yield from _crawled(world, source)


def _attacks(guesser: Guesser, messages: int, source: Random) -> Iterator[Letter]:
    """Yield dictionary attacks: what they find there they mail days later, from elsewhere."""
    while messages > 0:
        some = min(messages, source.randint(*SESSION))
        messages -= some
        guesses = tuple(guesser.guess() for _ in range(some))
        ip = address(source)
        yield Letter(
            _some_time(source), "dictionary", ip, "pc.example", "a@pc.example", guesses, harvesting=True
        )


def _guessed(kind: str, recipient: str, source: Random) -> Letter:
    at, ip = _some_time(source), address(source)
    domain = f"bulk-{source.randrange(500)}.example"
    sender = {"bounce": "", "forged": f"news@{OWN_DOMAIN}"}.get(kind, f"win@{domain}")
    shown = sender or f"mailer-daemon@{domain}"
    words = f"Undelivered mail {source.random()}" if kind == "bounce" else f"You have won {source.random()}"
    return Letter(at, kind, ip, f"mx.{domain}", sender, (recipient,), text(shown, recipient, at, words))


def harvested(found: str, at: datetime, source: Random) -> Letter:
    """Return the spam to an address that was found by guessing, from another network, days later."""
    later, domain = at + timedelta(days=source.uniform(0.5, 9)), f"harvest-{source.randrange(10**6)}.example"
    return Letter(
        later,
        "harvested",
        address(source),
        f"mx.{domain}",
        f"win@{domain}",
        (found,),
        text(f"win@{domain}", found, later, f"Exclusive offer {source.random()}"),
    )


def _own(world: World, source: Random) -> Iterator[Letter]:
    """Yield a newsletter of the company's own to decoys that an employee was shown, which SPF proves."""
    pages = world.shown[source.choice(sorted(world.shown))]
    known = sorted({address for page in pages.values() for address in page})
    at = _some_time(source)
    for turn, recipient in enumerate(source.sample(known, min(len(known), source.randint(1, 8)))):
        sent = at + timedelta(seconds=turn)
        words = f"News from Grand Market of {sent:%d %B}"
        raw = text(f"news@{OWN_DOMAIN}", recipient, sent, words)
        yield Letter(sent, "own", OWN_IP, f"out.{OWN_DOMAIN}", f"news@{OWN_DOMAIN}", (recipient,), raw)


def _listed(world: World, source: Random) -> Iterator[Letter]:
    """Yield spam by somebody whose list has live addresses on it by chance: controls, and shown decoys."""
    at, ip, domain = _some_time(source), address(source), f"spam-{source.randrange(10**6)}.example"
    for turn in range(source.randint(1, 3)):
        control = world.controls and source.random() < CONTROL_MAILED
        recipient = source.choice(world.controls if control else world.addresses)
        sent = at + timedelta(minutes=turn)
        raw = text(f"win@{domain}", recipient, sent, f"Cheap watches at {domain}, order now")
        yield Letter(sent, "spam", ip, f"mx.{domain}", f"win@{domain}", (recipient,), raw)


def _crawled(world: World, source: Random) -> Iterator[Letter]:
    """Yield mail to addresses of a crawled copy, by somebody who bought that."""
    name = source.choice(world.crawlers())
    at = START + timedelta(days=source.uniform(world.company.days * 0.6, world.company.days))
    known = sorted(a for page in world.shown[name].values() for a, shown in page.items() if shown <= at)
    ip, domain = address(source), f"crawl-{source.randrange(10**6)}.example"
    for turn, recipient in enumerate(source.sample(known, min(len(known), source.randint(3, 10)))):
        sent = at + timedelta(days=1, hours=turn)
        raw = text(f"care@{domain}", recipient, sent, f"Your opinion counts, says {domain}")
        yield Letter(sent, f"{CRAWLED_BY}{name}", ip, f"mx.{domain}", f"care@{domain}", (recipient,), raw)


def _some_time(source: Random) -> datetime:
    return START + timedelta(days=source.uniform(30, AFTER_DAYS))
