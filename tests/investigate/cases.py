"""What tests of incidents have in common: mail whose origin is known, and the joining of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from canary.investigate.incidents import Joiner, joiner
from canary.model import Access, Decoy, Indicator, Message, Origin, Strength
from canary.model.casework import Joining
from canary.store import SqliteStore, origins
from canary.store.codec import row_id
from canary.watch import keep_message
from tests.parts import House

WINDOW = timedelta(days=90)
WECHAT = Indicator("wechat", "seller88", Strength.IDENTIFIES)
PROVEN = Indicator("authenticated domain", "seller.example", Strength.IDENTIFIES)
LINK = Indicator("link domain", "gifts.example", Strength.IDENTIFIES)
PRODUCT = Indicator("product", "asin:B07QX4T2LM", Strength.SUPPORTS)


@dataclass
class Desk:
    """Receives mail from known senders, and joins its hits."""

    house: House
    access: Callable[..., Access]
    mail: Callable[..., Message]

    @property
    def store(self) -> SqliteStore:
        return self.house.store

    @property
    def join(self) -> Joiner:
        return joiner(self.store, WINDOW)

    def decoy(self, employee: str = "e.marsh", record: str = "B07QX4T2LM", **told: object) -> Decoy:
        return self.house.planter.plant(self.access(employee, record, **told)).decoys[-1]

    def received(self, *decoys: Decoy, origin: Sequence[Indicator] = (), **told: object) -> Sequence[str]:
        """Keep a message to decoys, appraised as from a sender with these indicators."""
        kept = keep_message(self.store, self.mail(*(each.address for each in decoys), **told))
        message = self.store.hit(kept.hit_ids[0]).message
        assert message is not None
        number, known = row_id("msg", message.id), Origin(indicators=tuple(origin), evaluated=True)
        self.store._write(lambda db: origins.write_origin(db, self.store._codec, number, known))
        return kept.hit_ids

    def hit(self, *decoys: Decoy, origin: Sequence[Indicator] = (), **told: object) -> Sequence[Joining]:
        """Keep such a message and join its hits."""
        return self.join(self.received(*decoys, origin=origin, **told))
