"""What is found out about mail after its 250: its class, its sender, and whether anybody is told."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

import pytest

from canary.model import Access, AlertState, Attempts, HitClass, Message, Origin, Probe, Verb
from canary.model.casework import Joining
from canary.origin import Authenticator
from canary.origin.authentication import Bounds
from canary.ports import HitFilter, Kept, Owing
from canary.store import SqliteStore
from canary.watch.appraising import Appraiser, Appraising
from canary.watch.keeping import keep_message, keep_probe
from tests.origin.name_server import NameServer, serving
from tests.parts import House
from tests.watch.conftest import until

Maker = Callable[..., Access]
Mails = Callable[..., Message]
NEVER = dict.fromkeys((HitClass.BOUNCE, HitClass.OWN, HitClass.SPAM, HitClass.DICTIONARY))
OWING = Owing(("slack",), timedelta(minutes=5), least=NEVER, hold=timedelta(seconds=3))
LEASE = timedelta(seconds=30)
LETTER = b"From: Care <care@%s>\r\nSubject: About your review\r\n%s\r\nPlease change it.\r\n"
OFFER = LETTER % (b"seller.example", b"Reply-To: lisa@lisa-offers.example\r\n")


@pytest.fixture
def names() -> Iterator[NameServer]:
    with serving() as server:
        yield server


@pytest.fixture
def store(house: House) -> SqliteStore:
    return house.reopen(OWING)


def kept(house: House, store: SqliteStore, message: Message) -> Kept:
    """Keep a message as it comes in, the clock being that of its arrival."""
    house.clock.now = message.received_at
    return keep_message(store, message)


async def appraised(house: House, store: SqliteStore, how: Appraising = Appraising()) -> None:  # noqa: B008
    """Appraise everything that is kept."""
    appraiser = Appraiser(store, how, house.clock)
    running = asyncio.create_task(appraiser.run())
    await until(lambda: not store.unappraised("", 1))
    appraiser.stop()
    await running


def due(house: House, store: SqliteStore) -> int:
    """Return how many alerts can be sent now."""
    alerts = 0
    while store.claim_alert("slack", house.clock(), LEASE):
        alerts += 1
    return alerts


def only(store: SqliteStore, *, controls: bool = False) -> tuple[HitClass, str]:
    """Return the class of the one hit, and its reasons."""
    (hit,) = store.hits(HitFilter(controls=controls))
    return hit.verdict.hit_class, "; ".join(hit.verdict.reasons)


async def test_mail_is_told_once_it_is_appraised_and_not_before_within_the_hold(
    house: House, store: SqliteStore, access: Maker, mail: Mails
) -> None:
    decoy = house.planter.plant(access()).decoys[0]
    kept(house, store, mail(decoy.address))
    assert due(house, store) == 0
    await appraised(house, store)
    assert due(house, store) == 1
    assert only(store)[0] is HitClass.MAIL


async def test_an_alert_goes_out_at_the_end_of_the_hold_though_dns_hangs(
    house: House, store: SqliteStore, access: Maker, mail: Mails, names: NameServer
) -> None:
    decoy = house.planter.plant(access()).decoys[0]
    names.manners["seller.example"] = "silent"
    kept(house, store, mail(decoy.address))
    house.clock.forward(seconds=3)
    assert due(house, store) == 1
    authenticator = Authenticator(["127.0.0.1"], names.port, Bounds(seconds=0.5))
    await appraised(house, store, Appraising(authenticator))
    authenticator.close()
    (hit,) = store.hits(HitFilter())
    assert hit.message
    origin = store.origin(hit.message.id)
    assert origin
    assert "not evaluated (slow)" in origin.summary
    assert store.status().alerts[AlertState.WITHHELD] == 0


async def test_probes_are_held_until_they_are_appraised_and_told_with_what_came_beside_them(
    house: House, store: SqliteStore, access: Maker, mail: Mails
) -> None:
    decoy = house.planter.plant(access()).decoys[0]
    message = mail(decoy.address)
    kept(house, store, message)
    keep_probe(store, Probe(decoy.address, Verb.RCPT, "", message.peer, message.received_at))
    assert due(house, store) == 0
    await appraised(house, store)
    alert = store.claim_alert("slack", house.clock(), LEASE)
    assert alert
    assert [hit.verdict.hit_class for hit in alert.hits] == [HitClass.MAIL, HitClass.PROBE]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"mail_from": ""}, "null"),
        ({"raw": LETTER % (b"seller.example", b"Auto-Submitted: auto-replied (away)\r\n")}, "auto-replied"),
        (
            {
                "raw": LETTER
                % (b"x.example", b"Content-Type: multipart/report; report-type=delivery-status\r\n")
            },
            "delivery report",
        ),
    ],
)
async def test_automatic_replies_are_kept_and_listed_and_nobody_is_told(
    house: House, store: SqliteStore, access: Maker, mail: Mails, told: dict[str, object], words: str
) -> None:
    decoy = house.planter.plant(access()).decoys[0]
    kept(house, store, mail(decoy.address, **told))
    await appraised(house, store)
    house.clock.forward(minutes=10)
    assert due(house, store) == 0
    assert only(store)[0] is HitClass.BOUNCE
    assert words in only(store)[1]
    assert store.status().withheld == {HitClass.BOUNCE: 1}


@pytest.mark.parametrize(("policy", "found"), [("ip4:192.0.2.7", HitClass.OWN), ("-all", HitClass.MAIL)])
async def test_own_mail_is_only_what_spf_proves_and_a_forged_one_is_told_as_such(
    house: House,
    store: SqliteStore,
    access: Maker,
    mail: Mails,
    names: NameServer,
    policy: str,
    found: HitClass,
) -> None:
    names.text("company.example", f"v=spf1 {policy} -all")
    decoy = house.planter.plant(access()).decoys[0]
    raw = LETTER % (b"company.example", b"")
    kept(house, store, mail(decoy.address, raw=raw, mail_from="news@company.example"))
    authenticator = Authenticator(["127.0.0.1"], names.port, Bounds(seconds=5))
    await appraised(house, store, Appraising(authenticator, own=("company.example",)))
    authenticator.close()
    assert only(store)[0] is found
    assert "domain of the company's" in only(store)[1]
    assert due(house, store) == (found is HitClass.MAIL)


async def test_what_a_control_was_sent_too_is_spam_and_other_mail_is_not(
    house: House, store: SqliteStore, access: Maker, mail: Mails
) -> None:
    (control,) = house.planter.mint_controls(1)
    first, other = (house.planter.plant(access(name)).decoys[0] for name in ("e.marsh", "t.okafor"))
    kept(house, store, mail(control.address, raw=OFFER))
    await appraised(house, store)
    kept(house, store, mail(first.address, raw=OFFER.replace(b"change", b"do change")))
    kept(house, store, mail(other.address))
    await appraised(house, store)
    classes = {hit.decoy.id: hit.verdict.hit_class for hit in store.hits(HitFilter(controls=False))}
    assert classes == {first.id: HitClass.SPAM, other.id: HitClass.MAIL}
    assert due(house, store) == 1


async def test_a_client_that_guessed_enough_to_meet_a_decoy_is_a_dictionary_attack(
    house: House, store: SqliteStore, access: Maker, mail: Mails
) -> None:
    decoy = house.planter.plant(access()).decoys[0]
    message = mail(decoy.address)
    for count, found in ((100, HitClass.MAIL), (int(2**decoy.surprisal), HitClass.DICTIONARY)):
        store.count_attempts([Attempts(message.received_at, "192.0.2.7/32", count)])
        kept(house, store, mail(decoy.address))
        await appraised(house, store)
        newest = max(store.hits(HitFilter()), key=lambda hit: int(hit.id.rpartition("_")[2]))
        assert newest.verdict.hit_class is found
        assert "recipients that nobody has" in " ".join(newest.verdict.reasons)


async def test_what_a_crash_left_is_appraised_late_and_asks_dns_nothing(
    house: House, store: SqliteStore, access: Maker, mail: Mails, names: NameServer
) -> None:
    decoy = house.planter.plant(access()).decoys[0]
    kept(house, store, mail(decoy.address))
    house.clock.forward(hours=2)
    authenticator = Authenticator(["127.0.0.1"], names.port)
    await appraised(house, house.reopen(OWING), Appraising(authenticator))
    authenticator.close()
    (hit,) = store.hits(HitFilter())
    assert hit.message
    assert "not evaluated (late)" in (store.origin(hit.message.id) or Origin()).summary
    assert names.asked == []
    assert due(house, store) == 1


async def test_addresses_of_colleagues_in_to_and_cc_accuse_nobody_and_are_noted(
    house: House, store: SqliteStore, access: Maker, mail: Mails
) -> None:
    hit, framed = (house.planter.plant(access(name)).decoys[0] for name in ("e.marsh", "t.okafor"))
    head = f"To: {hit.address}\r\nCc: <{framed.address}>\r\n".encode()
    kept(house, store, mail(hit.address, raw=LETTER % (b"seller.example", head)))
    await appraised(house, store)
    (found,) = store.hits(HitFilter())
    assert found.decoy.id == hit.id
    assert found.message
    notes = (store.origin(found.message.id) or Origin()).notes
    assert any("1 other address" in note and "only the envelope counts" in note for note in notes)


async def test_hits_are_joined_after_they_are_appraised_and_a_dismissed_sender_alerts_nobody(
    house: House, store: SqliteStore, access: Maker, mail: Mails
) -> None:
    decoy = house.planter.plant(access()).decoys[0]
    made = kept(house, store, mail(decoy.address))
    joined: list[str] = []

    def join(hit_ids: Sequence[str]) -> Sequence[Joining]:
        joined.extend(hit_ids)
        return ()

    await appraised(house, store, Appraising(joined=join, quiet=lambda _: "inc_1 was dismissed"))
    assert joined == list(made.hit_ids)
    house.clock.forward(minutes=10)
    assert due(house, store) == 0
    (alert,) = store.alerts(AlertState.WITHHELD)
    assert [hit.id for hit in alert.hits] == joined
    assert "inc_1 was dismissed" in only(store)[1]


@pytest.mark.parametrize(
    "raw", [b"", b"\x00" * 500, b"From: " + b"<" * 90_000, b"Content-Type: multipart/x; boundary=\r\n" * 400]
)
async def test_bytes_that_are_no_mail_are_appraised_all_the_same(
    house: House, store: SqliteStore, access: Maker, mail: Mails, raw: bytes
) -> None:
    decoy = house.planter.plant(access()).decoys[0]
    kept(house, store, mail(decoy.address, raw=raw or b"\r\n"))
    await appraised(house, store)
    assert due(house, store) == 1
