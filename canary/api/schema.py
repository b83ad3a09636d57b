"""What applications say and are told over HTTP, as types: JSON becomes these, and so does the schema."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Raw, Struct

from canary.model import ActorClass, HitClass

MOST_ACCESSES = 1000
MOST_HITS = 1000
LONGEST = 1000
PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f]*$"

Needed = Annotated[str, Meta(min_length=1, max_length=LONGEST, pattern=PRINTABLE)]
Text = Annotated[str, Meta(max_length=LONGEST, pattern=PRINTABLE)]
FieldName = Annotated[str, Meta(min_length=1, max_length=200)]
RECORDS = {"type": "array", "items": {"type": "object"}}
Time = Annotated[datetime, Meta(tz=True)]


class AccessTold(Struct, frozen=True, forbid_unknown_fields=True, rename={"source_id": "id"}):
    """An employee looks at a record: what the application knows of it."""

    employee: Annotated[Needed, Meta(description="The account that looks, as your security team knows it.")]
    record: Annotated[Needed, Meta(description="What is looked at, as `kind:number`.")]
    beneficiary: Annotated[Text | None, Meta(description="Who would profit from a leak of it.")] = None
    tool: Annotated[Text | None, Meta(description="The tool that shows it.")] = None
    session: Annotated[Text | None, Meta(description="The employee's session in that tool.")] = None
    client_ip: Annotated[Text | None, Meta(description="Where the employee sits.")] = None
    at: Annotated[Time | None, Meta(description="When, RFC 3339 with an offset. Now, if left out.")] = None
    actor: Annotated[Text | None, Meta(description="Who reports it, if not the employee.")] = None
    actor_class: Annotated[ActorClass, Meta(description="What looks, if it is no person.")] = (
        ActorClass.PERSON
    )
    source_id: Annotated[
        Text | None, Meta(description="Your own identifier of the access or its request.")
    ] = None
    bare: Annotated[bool, Meta(description="It was shown without decoys; none are minted.")] = False


class AccessKept(Struct, frozen=True):
    """An access as it is on record."""

    id: Annotated[str, Meta(description="What canary calls it.", examples=["acc_4711"])]
    employee: str
    record: str
    at: Time


class DecoyShown(Struct, frozen=True):
    """A reviewer who does not exist, to be shown in this view."""

    address: str
    name: str
    given: str
    family: str
    position: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description="Where among n records that have no order: before number int(position * (n + 1)).",
        ),
    ]
    marker: Annotated[str, Meta(description="Tells the decoy in this access apart; never leaves you.")]


class Planted(Struct, frozen=True):
    """An access on record and the decoys to show in it."""

    access: AccessKept
    decoys: list[DecoyShown]


class Fault(Struct, frozen=True):
    """One thing that is wrong with a request. `field` is "" where all of it is."""

    field: str
    message: str


class Problem(Struct, frozen=True, omit_defaults=True):
    """Why a request was not done (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str = ""
    errors: list[Fault] = []


class Outcome(Struct, frozen=True):
    """One access of several that is on record: 201, or 200 for one that was there before."""

    status: int
    access: AccessKept
    decoys: list[DecoyShown]


class FieldsNamed(Struct, frozen=True, forbid_unknown_fields=True):
    """Which fields of the records hold what; those left out are found by name and content.

    `marker` is where decoys shall carry their marker, in no field if it is left out.
    """

    email: FieldName | None = None
    name: FieldName | None = None
    given: FieldName | None = None
    family: FieldName | None = None
    marker: FieldName | None = None


class SeedAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """Records that an access is about to show. `records` stays as it was written."""

    access: AccessTold
    records: Annotated[Raw, Meta(extra_json_schema=RECORDS)]
    map: FieldsNamed = FieldsNamed()
    texts: Annotated[
        list[Annotated[str, Meta(max_length=10_000)]],
        Meta(max_length=1000, description="Texts for the decoys' free text, which is never copied."),
    ] = []


class DecoyPlaced(Struct, frozen=True):
    """A decoy that stands among the records, at this index of the answer's, from 0."""

    index: int
    address: str
    name: str
    given: str
    family: str
    marker: str


class Seeded(Struct, frozen=True):
    """The records with the decoys in place."""

    access: AccessKept
    records: Annotated[Raw, Meta(extra_json_schema=RECORDS)]
    decoys: list[DecoyPlaced]
    warnings: Annotated[list[str], Meta(description="What to know about these records.")]


class TouchTold(Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody did something to a decoy's record that only a person does by hand."""

    marker: Annotated[str, Meta(min_length=1, max_length=200)]
    action: Annotated[
        str, Meta(min_length=1, max_length=80, pattern=PRINTABLE, examples=["delete", "edit", "export"])
    ]
    employee: Annotated[Needed, Meta(description="Who did it.")]
    at: Annotated[Time | None, Meta(description="When, RFC 3339 with an offset. Now, if left out.")] = None


class Taken(Struct, frozen=True):
    """It was taken note of."""

    status: str = "taken"


class ExposingAccess(Struct, frozen=True):
    """An access that showed the decoy of a hit."""

    id: str
    employee: str
    record: str
    at: Time
    beneficiary: str | None
    tool: str | None
    session: str | None
    client_ip: str | None
    actor: str | None
    actor_class: ActorClass


class MailSeen(Struct, frozen=True):
    """The message behind a hit, as its envelope was."""

    id: str
    sha256: str
    mail_from: str
    peer: str
    received_at: Time
    size: int


class ProbeSeen(Struct, frozen=True):
    """The command behind a hit that no message followed."""

    verb: str
    mail_from: str
    peer: str
    others: int


class TouchSeen(Struct, frozen=True):
    """The action behind a hit."""

    action: str
    employee: str
    at: Time


class HitFound(Struct, frozen=True, rename={"hit_class": "class"}):
    """A hit and the accesses that exposed the address, which `canary hit show` tells and this does not."""

    id: str
    at: Time
    hit_class: HitClass
    confidence: float
    reasons: list[str]
    decoy: Annotated[str, Meta(description="What canary calls the decoy.", examples=["dec_12"])]
    control: bool
    accesses: list[ExposingAccess]
    message: MailSeen | None
    probe: ProbeSeen | None
    touch: TouchSeen | None
    deliveries: int
    incident: Annotated[
        str | None,
        Meta(description="The incident that it belongs to; null for none, or until it is known."),
    ]


class HitsPage(Struct, frozen=True):
    """Hits in the order in which they were kept. `next` is the `after` of the page behind this one.

    It is null where there is none yet: ask again later with the last one.
    """

    hits: list[HitFound]
    next: str | None


def components(ref: str) -> dict[str, Any]:
    """Return the JSON Schema of every type here by its name; `ref` is where they will stand."""
    from msgspec.json import schema_components  # noqa: PLC0415 - only the published document needs it

    told = [AccessTold, SeedAsked, TouchTold]
    answers = [Planted, Outcome, Seeded, Taken, HitsPage, Problem]
    return dict(schema_components([*told, *answers], ref_template=ref)[1])
