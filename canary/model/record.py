"""The record side's nouns: who looked at what, and which decoys were shown."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Layer(StrEnum):
    """Who is shown a decoy: one employee's view, all who view the record, or a keyed half of them."""

    VIEW = "view"
    STABLE = "stable"
    COHORT = "cohort"


class ActorClass(StrEnum):
    """What looks at a record: a person, or something that acts in nobody's place."""

    PERSON = "person"
    CRAWLER = "crawler"
    QA = "qa"
    EXPORT = "export"
    SERVICE = "service"


PERSON = ActorClass.PERSON


@dataclass(frozen=True, slots=True)
class Access:
    """One employee looking at one record (set) at one time, through one tool, in one session.

    `at` is an aware UTC time. `actor` is the person or job that reported the access where
    that is not the employee. `source_id` is the caller's own identifier of the access or of the
    request behind it. `id` is given by the store (`acc_…`). A `bare` access was shown without decoys,
    because planting did not answer in time.
    """

    employee: str
    record: str
    at: datetime
    beneficiary: str | None = None
    tool: str | None = None
    session: str | None = None
    client_ip: str | None = None
    actor: str | None = None
    source_id: str | None = None
    id: str = ""
    actor_class: ActorClass = ActorClass.PERSON
    bare: bool = False

    @property
    def identity(self) -> str:
        """Return what makes two accesses of an employee to a record the same one.

        The caller's identifier, which one request may share between several records; else all they say.
        """
        acting = "" if self.actor_class is PERSON else f"\0{self.actor_class.value}"
        if self.source_id is not None:
            return f"{self.employee}\0{self.record}\0{self.source_id}{acting}"
        seen = (self.at - EPOCH) // MICROSECOND
        return (
            f"{self.employee}\0{self.record}\0\0{seen}\0{self.tool or ''}\0{self.session or ''}\0"
            f"{self.client_ip or ''}{acting}"
        )

    def numbered(self, number: str) -> "Access":
        """Return the same access with the identifier that the store gave it."""
        return Access(
            self.employee,
            self.record,
            self.at,
            self.beneficiary,
            self.tool,
            self.session,
            self.client_ip,
            self.actor,
            self.source_id,
            number,
            self.actor_class,
            self.bare,
        )


@dataclass(frozen=True, slots=True)
class Persona:
    """A believable person: a name and a local part from the same draws.

    `surprisal` is -log2 of the chance that the natural model draws this local part in any spelling, in bits.
    `generator` names the model and version that drew it.
    """

    given: str
    family: str
    local: str
    surprisal: float
    generator: str

    @property
    def name(self) -> str:
        """Return the display name."""
        return f"{self.given} {self.family}"


@dataclass(frozen=True, slots=True)
class Decoy:
    """A reviewer who does not exist; belongs to one record and, in the layer `view`, to one employee.

    `slot` counts from 0: the decoys of that employee and record, in other layers those of the record. A
    control is never shown; a `selftest` decoy is a control that only our own `canary selftest` writes to.
    `id` is given by the store (`dec_…`).
    """

    address: str
    given: str
    family: str
    minted_at: datetime
    slot: int
    surprisal: float
    generator: str
    control: bool = False
    id: str = ""
    selftest: bool = False
    layer: Layer = Layer.VIEW

    @property
    def name(self) -> str:
        """Return the display name."""
        return f"{self.given} {self.family}"

    def numbered(self, number: str) -> "Decoy":
        """Return the same decoy with the identifier that the store gave it."""
        return Decoy(
            self.address,
            self.given,
            self.family,
            self.minted_at,
            self.slot,
            self.surprisal,
            self.generator,
            self.control,
            number,
            self.selftest,
            self.layer,
        )


@dataclass(frozen=True, slots=True)
class Planting:
    """What became of one access: its decoys in the order of their slots, and how many are new.

    `duplicate` says that this very access was in the ledger before; nothing was changed. `opened` is when
    its view opened, told where it was planted just now.
    """

    access: Access
    decoys: tuple[Decoy, ...]
    fresh: int
    duplicate: bool = False
    opened: datetime | None = None


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a decoy was put among the records of an export: 0 is the first record."""

    decoy: Decoy
    position: int
