"""What the stages ask of the outside: Store, Channel, Clock."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

from canary.errors import CanaryError
from canary.model import (
    Access,
    ActorClass,
    Alert,
    AlertState,
    ApiKey,
    Asked,
    Attempts,
    BaseRate,
    Decoy,
    Face,
    Hit,
    HitClass,
    Incident,
    IncidentState,
    Indicator,
    Message,
    Notice,
    Origin,
    Placement,
    Planting,
    Probe,
    Seller,
    Touch,
    Verdict,
)
from canary.model.casework import (
    Act,
    Candidate,
    CaseFile,
    Decision,
    Dismissal,
    IncidentFilter,
    Joining,
    Newcomer,
)
from canary.model.showing import Place, Showing, Viewings

Result = TypeVar("Result")


PERSON = ActorClass.PERSON


class Clock(Protocol):
    """Tells the time."""

    def __call__(self) -> datetime:
        """Return the time now, aware, in UTC."""
        ...


def system_clock() -> datetime:
    """Return the machine's time in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Minted:
    """A decoy and when it joined: when its view opened; a shared one, when it was due."""

    opened: datetime
    decoy: Decoy


@dataclass(frozen=True, slots=True)
class View:
    """When a view opened, and how many decoys there were then to show: its set stays as it was.

    `slots` counts those of its pair (None: a version that did not count opened it), `stood` the record's
    shared ones. A `bare` one holds accesses that were shown without decoys; no others join it.
    """

    opened: datetime
    slots: int | None
    stood: int = 0
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """What an employee, as one class of actor, has been shown of a record so far.

    `views` ascend by when they opened, and so do the `bare` ones; `minted` is in the order of the slots.
    """

    views: tuple[View, ...] = ()
    minted: tuple[Minted, ...] = ()
    bare: tuple[View, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordStanding:
    """The decoys that those who view a record share (record-stable ones and cohorts), first minted first."""

    minted: tuple[Minted, ...] = ()


Pair = tuple[str, str, str]
"""An employee, a record, and the actor's class, "" for a person."""


def pair_of(access: Access) -> Pair:
    """Return whose views an access belongs to: what is no person has views of its own."""
    acting = access.actor_class
    return (access.employee, access.record, "" if acting is PERSON else acting.value)


class Ledger(Protocol):
    """The record side of the store, inside one transaction that nobody else can write beside."""

    def standings(self, pairs: Iterable[Pair]) -> Mapping[Pair, Standing]:
        """Return what each pair has been shown so far."""
        ...

    def records(self, records: Iterable[str]) -> Mapping[str, RecordStanding]:
        """Return the shared decoys of each record."""
        ...

    def duplicates(self, accesses: Mapping[str, Access]) -> Mapping[str, Planting]:
        """Return those of the accesses, by identity, that the ledger has already, as it has them.

        Asked after `standings` of their pairs.
        """
        ...

    def reserve(self, address: str) -> bool:
        """Claim an address for this transaction; False if it meets a decoy under its canonical form."""
        ...

    def remember(self, drafts: Sequence["Draft"]) -> Sequence[Planting]:
        """Write accesses, views, decoys and exposures; return them with their identifiers.

        A planting's decoys come in their order of display, which tells nothing of their layers.
        """
        ...

    def withdraw(self, planting: Planting) -> Planting:
        """Note that an access was shown without its decoys after all."""
        ...

    def add_controls(self, decoys: Sequence[Decoy]) -> Sequence[Decoy]:
        """Write decoys that nobody is ever shown."""
        ...

    def controls(self) -> int:
        """Return how many controls there are."""
        ...

    def owe_controls(self, thousandths: int) -> int:
        """Add to the controls that are owed; return how many whole ones are due now, and keep the rest."""
        ...

    def reserve_accesses(self, count: int) -> range:
        """Set row numbers aside that no other access will be given, now or by anybody else."""
        ...

    def look_again(self, looks: Sequence["Look"]) -> None:
        """Write repeated looks down under the identifiers that were told for them."""
        ...


@dataclass(frozen=True, slots=True)
class Draft:
    """An access as it is about to be remembered.

    `identity` is the access's own; `decoys` are those that it shows, in any order, and `fresh` the new ones
    among them; these have no `id` yet.
    """

    access: Access
    identity: str
    view: View
    decoys: tuple[Decoy, ...]
    fresh: tuple[Minted, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """A repeated look at a view, answered before it is written down.

    `access` has the identifier that was told for it, from those set aside; `first` is that of an access of
    the same view, and `decoys` are what it showed.
    """

    access: Access
    identity: str
    first: str
    decoys: tuple[Decoy, ...]


@dataclass(frozen=True, slots=True)
class FaceChange:
    """A decoy's face as it is about to be kept, and as it `was` kept before (None: it had none)."""

    was: Face | None
    now: Face


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict on one decoy, about to be kept with the message, probe or touch that hit it."""

    decoy: Decoy
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Attributed:
    """A message, probe or touch with what it hit, about to be kept."""

    arrival: Message | Probe | Touch
    findings: Sequence[Finding] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """What keeping a message or probe came to. `fresh` counts the hits that were not there before."""

    hit_ids: tuple[str, ...]
    fresh: int


@dataclass(frozen=True, slots=True)
class HitFilter:
    """Which hits to look at; None asks for all.

    `controls` includes the hits on controls, `selftests` those of our own tests. With `after` they come in
    the order in which they were kept, from behind that hit on; from the first where it is "".
    """

    employee: str | None = None
    record: str | None = None
    hit_class: HitClass | None = None
    since: datetime | None = None
    controls: bool = True
    limit: int | None = None
    selftests: bool = False
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """How much is kept and how it is going."""

    accesses: int
    decoys: int
    controls: int
    hits: int
    control_hits: int
    strays: int
    messages: int
    alerts: Mapping[AlertState, int]
    oldest_owed: datetime | None
    last_mail: datetime | None
    last_selftest: datetime | None
    size_bytes: int
    schema: int
    withheld: Mapping[HitClass, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sighting:
    """A decoy that was found by address, with the accesses that showed it, first shown first.

    A busy record's shared decoy has more than anybody reads before a 250: `more` says that some are left out.
    """

    decoy: Decoy
    accesses: tuple[Access, ...]
    more: bool = False


BECOMES: Mapping[HitClass, tuple[HitClass, ...]] = {each: (each,) for each in HitClass} | {
    HitClass.MAIL: (HitClass.MAIL, HitClass.BOUNCE, HitClass.OWN, HitClass.SPAM, HitClass.DICTIONARY),
    HitClass.BOUNCE: (HitClass.BOUNCE, HitClass.DICTIONARY),
}
"""What a hit may turn out to be, by the class that it was kept with."""

Attribute = Callable[[Message | Probe, Mapping[str, Sighting]], Attributed]
"""Says what a message or probe hit, by who was shown which of the decoys that it names."""


@dataclass(frozen=True, slots=True)
class Owing:
    """Which hits owe a word to which channels.

    Hits of one employee within `window` are one alert; hits below `min_confidence` owe none, nor do those
    of a class below its `least` confidence, None being out of reach. Alerts about mail are held for `hold`,
    so that it is appraised first; 0 holds nothing.
    """

    channels: tuple[str, ...] = ()
    window: timedelta = timedelta(minutes=5)
    min_confidence: float = 0.0
    least: Mapping[HitClass, float | None] = field(default_factory=dict)
    hold: timedelta = timedelta(0)

    def tells(self, verdict: Verdict) -> bool:
        """Say whether a hit with this verdict is told of."""
        return self._tells(verdict.hit_class, verdict.confidence)

    def may_tell(self, verdict: Verdict) -> bool:
        """Say whether mail that was kept with this verdict may be told of once it is appraised."""
        return any(self._tells(each, verdict.confidence) for each in BECOMES[verdict.hit_class])

    def _tells(self, hit_class: HitClass, confidence: float) -> bool:
        least = self.least.get(hit_class, 0.0)
        return least is not None and confidence >= max(least, self.min_confidence)


@dataclass(frozen=True, slots=True)
class Appraisal:
    """What was found out about hits that came together: who sent them, and their verdicts by hit.

    `message` and `origin` are those of mail. Not empty, `quiet` says why none of them is told.
    """

    verdicts: Mapping[str, Verdict]
    message: str = ""
    origin: Origin | None = None
    quiet: str = ""


Decide = Callable[[Newcomer, Sequence[Candidate], Sequence[Dismissal]], Decision | None]
"""Says to which of the incidents that have something in common with a hit it belongs, and why."""


class Casework(Protocol):
    """What investigators do: hits that belong together, what was done about them, whom the company knows."""

    def join(self, hit_ids: Sequence[str], decide: Decide) -> Sequence[Joining]:
        """Have each hit's incident decided, one after the other, durably; one that has one keeps it.

        Nobody else joins meanwhile, so that two hits that belong together never open two incidents.
        """
        ...

    def unjoined(self, after: str, limit: int) -> Sequence[str]:
        """Return appraised hits behind one ("": all) that belong to no incident and may, oldest first."""
        ...

    def incidents(self, wanted: IncidentFilter) -> Iterator[Incident]:
        """Return the incidents, those with the newest hits first."""
        ...

    def incident(self, incident_id: str) -> CaseFile:
        """Return an incident with all that is known of it. Raises NotFoundError."""
        ...

    def incidents_of(self, hit_ids: Sequence[str]) -> Mapping[str, str]:
        """Return the incident of each of the hits that has one."""
        ...

    def merge_incidents(self, into: str, other: str, act: Act) -> Incident:
        """Move all hits of another incident into one. Raises NotFoundError, UsageError."""
        ...

    def split_incident(self, incident_id: str, hit_ids: Sequence[str], act: Act) -> Incident:
        """Move hits into an incident of their own, and return that. Raises NotFoundError, UsageError."""
        ...

    def set_incident(self, incident_id: str, state: IncidentState, act: Act) -> Incident:
        """Note how far an incident is. Raises NotFoundError, UsageError where it was merged."""
        ...

    def note_on_incident(self, incident_id: str, act: Act) -> None:
        """Add a note to an incident. Raises NotFoundError."""
        ...

    def dismissals(self, indicators: Sequence[Indicator]) -> Sequence[Dismissal]:
        """Return the dismissed incidents that have one of these identifying indicators."""
        ...

    def shown_to(
        self, employees: Collection[str], since: datetime | None, until: datetime | None
    ) -> Iterator[Access]:
        """Return the accesses of employees within a time, both ends in it; None is no bound."""
        ...

    def sellers(self) -> Iterator[Seller]:
        """Return the sellers whom the company knows, in the order in which they were imported."""
        ...

    def keep_sellers(self, sellers: Sequence[Seller]) -> None:
        """Keep sellers, each in place of the one with its identifier."""
        ...


class Exposures(Protocol):
    """A look at who was shown what, for one thread and as long as it is open; nothing is written."""

    def viewings(self, decoy_ids: Iterable[str], most: int) -> Viewings:
        """Return who was shown each of some decoys; the rarest first, up to `most` exposures in all."""
        ...

    def showings(
        self, groups: Iterable[tuple[Place, ...]], hit: Iterable[str], until: datetime
    ) -> Mapping[tuple[Place, ...], Showing]:
        """Return how much accounts had been shown by a time; of several together, a decoy once.

        `hit` are the decoys that were hit.
        """
        ...

    def accounts(self, sample: int) -> tuple[int, tuple[Place, ...]]:
        """Return how many accounts were shown anything, about, and some of them, chosen by no property."""
        ...

    def employees(self, accounts: Iterable[Place]) -> Mapping[Place, str]:
        """Return the names of accounts."""
        ...

    def accesses(self, decoy_id: str, most: int) -> tuple[tuple[Access, ...], int]:
        """Return the first accesses that showed a decoy, and how many there are in all."""
        ...

    def found(self, addresses: Sequence[str]) -> Mapping[str, Decoy]:
        """Return those of some addresses that are decoys', under any form that a broker may give them."""
        ...

    def domains(self) -> Collection[str]:
        """Return the domains of decoys; one with few may be missing."""
        ...

    def locals_by_domain(self) -> Mapping[str, str]:
        """Return the canonical local parts of all decoys but self-tests', a line each, by domain."""
        ...


class Store(Casework, Protocol):
    """Everything that is remembered. Raises StoreError where it cannot be reached or written."""

    def planting(self) -> AbstractContextManager[Ledger]:
        """Open the record side for one transaction, committed when the block ends well."""
        ...

    def plant(self, work: Callable[[Ledger], Result]) -> Result:
        """Do work on the record side together with what else is written now; durable when this returns.

        The work may be done more than once, what it did before being undone. Raises what it raised.
        """
        ...

    def known_access(self, beside: str, identity: str) -> bool:
        """Say whether an access of the same employee and record as another one is in the ledger."""
        ...

    def shared_decoys(self, record: str) -> RecordStanding:
        """Return the decoys that those who view a record share."""
        ...

    def place(self, access_id: str, placements: Sequence[Placement], *, all_of_them: bool) -> None:
        """Note where decoys of an access were shown; if these are all of them, forget the others."""
        ...

    def faces(self, decoy_ids: Collection[str]) -> Mapping[str, Face]:
        """Return how those of the decoys look that were seeded before."""
        ...

    def keep_faces(self, changes: Mapping[str, FaceChange]) -> Mapping[str, Face]:
        """Keep how decoys look, durably; one that was changed meanwhile stays. Return what is kept now."""
        ...

    def is_live(self, address: str) -> bool:
        """Say whether an address is a decoy's, under any form that a broker may give it."""
        ...

    def sightings(self, addresses: Iterable[str]) -> Mapping[str, Sighting]:
        """Return, for those of the addresses that are decoys', the decoy and who was shown it."""
        ...

    def sighting(self, decoy_id: str, access_id: str) -> Sighting:
        """Return a decoy, with the access if that showed it. Raises NotFoundError without such a decoy."""
        ...

    def exposures(self) -> AbstractContextManager[Exposures]:
        """Open a look at who was shown what."""
        ...

    def keep(self, batch: Sequence[Attributed]) -> Sequence[Kept | CanaryError]:
        """Commit messages and probes, their hits and the alerts owed for them, durably, before returning.

        All that can be kept is kept in one transaction; for each of the others the error is returned in its
        place. The same bytes from the same sender again are another delivery of the same hits. Raises
        StoreError where none could be kept.
        """
        ...

    def keep_at_once(self, arrivals: Sequence[Message | Probe], attribute: Attribute) -> Sequence[Kept]:
        """Look up whom they name, have each attributed, and commit them as `keep` does, in one transaction.

        Raises an error, nothing being kept, rather than wait for other threads and processes, and where one
        is too large for that or cannot be kept.
        """
        ...

    def unappraised(self, after: str, limit: int) -> Sequence[Hit]:
        """Return hits behind one ("": all) that were not appraised yet, in the order they were kept in."""
        ...

    def appraise(self, appraisals: Sequence[Appraisal]) -> Mapping[HitClass, int]:
        """Keep what was found out about hits, durably; let go or withhold the alerts owed for them.

        Returns how many hits of each class are withheld. What is appraised already stays as it is.
        """
        ...

    def origin(self, message_id: str) -> Origin | None:
        """Return who sent a message, None where it was not appraised."""
        ...

    def on_controls(self, limit: int) -> Mapping[str, Origin]:
        """Return who sent the newest messages that controls were sent, by message."""
        ...

    def tried(self, network: str, day: datetime) -> Attempts:
        """Return what a client network (an IPv4 /32 or an IPv6 /64) tried in vain on a day."""
        ...

    def count_attempts(self, attempts: Sequence[Attempts]) -> None:
        """Add to what client networks have tried in vain; the store bounds how much of it a day holds."""
        ...

    def attempts(self, since: datetime) -> Iterator[Attempts]:
        """Return what client networks have tried in vain, the busiest of each day first, newest day first."""
        ...

    def count_strays(self, day: datetime, count: int) -> None:
        """Add to the day's count of recipients that nobody has."""
        ...

    def base_rate(self) -> BaseRate:
        """Return what is known about noise."""
        ...

    def claim_alert(self, channel: str, now: datetime, lease: timedelta) -> Alert | None:
        """Take the alert that has been due longest, so that no other dispatcher takes it within the lease."""
        ...

    def settle_alert(self, alert_id: str, state: AlertState, *, due_at: datetime, error: str = "") -> None:
        """Note what became of an attempt to deliver an alert."""
        ...

    def next_due(self, channels: Collection[str]) -> datetime | None:
        """Return when the next alert is owed, None if none is."""
        ...

    def alerts(self, state: AlertState | None = None) -> Iterator[Alert]:
        """Return the alerts, newest first."""
        ...

    def retry_alerts(self, ids: Sequence[str], now: datetime) -> int:
        """Make parked and owed alerts due now (all of them without ids); return how many."""
        ...

    def hits(self, wanted: HitFilter) -> Iterator[Hit]:
        """Return the hits, newest first."""
        ...

    def hit(self, hit_id: str) -> Hit:
        """Return one hit. Raises NotFoundError."""
        ...

    def raw_message(self, message_id: str) -> bytes:
        """Return a message as it arrived. Raises NotFoundError."""
        ...

    def raw_chunks(self, message_id: str) -> Iterator[bytes]:
        """Give a message as it arrived, a piece at a time. Raises NotFoundError."""
        ...

    def access(self, access_id: str) -> Planting:
        """Return one access and the decoys that it showed. Raises NotFoundError."""
        ...

    def decoys(self, *, control: bool | None = None, selftest: bool = False) -> Iterator[Decoy]:
        """Return the decoys in the order in which they were minted; a self-test's only where asked for."""
        ...

    def add_api_key(self, key: ApiKey, check: Callable[[str], bytes]) -> ApiKey:
        """Keep a key, numbered; `check` returns, for its identifier, what the key is known by."""
        ...

    def api_key(self, key_id: str) -> tuple[ApiKey, bytes] | None:
        """Return a key and what it is known by, None if there is none."""
        ...

    def api_keys(self) -> Iterator[ApiKey]:
        """Return the keys, oldest first, revoked ones, too."""
        ...

    def revoke_api_key(self, key_id: str, now: datetime) -> ApiKey:
        """Note that a key is good for nothing from now on. Raises NotFoundError."""
        ...

    def remember_request(self, key_id: str, idempotency_key: str, digest: bytes, now: datetime) -> Asked:
        """Say whether a key made this request before; the first one is remembered for 24 hours, durably."""
        ...

    def note(self, key: str) -> str | None:
        """Return what was noted under a key, None if nothing was."""
        ...

    def set_note(self, key: str, value: str) -> None:
        """Note a value under a key, in place of what was there."""
        ...

    def status(self) -> Status:
        """Return counts and times."""
        ...

    def close(self) -> None:
        """Let go of files and threads; what was committed stays."""
        ...


class Channel(Protocol):
    """Somewhere an alert can go."""

    name: str

    async def deliver(self, alert: Alert) -> None:
        """Hand an alert over. Raises DeliveryDelayed to try again, DeliveryError to park it."""
        ...

    async def announce(self, notice: Notice) -> None:
        """Hand a notice over. Raises DeliveryDelayed to try again, DeliveryError where that is useless."""
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...
