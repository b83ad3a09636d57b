"""Hits on a real ledger become a ranking: pieces of evidence, counts by account, words and factors."""

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta

import pytest

from canary.investigate.evidence import WITHIN, groups_of, listed, struck
from canary.investigate.ranking import NOTHING, RankingView, ranking, ranking_json, ranking_lines, ranking_of
from canary.mint import Minter, MintPolicy
from canary.model import Access, Decoy, Hit, Layer, Message, Peer, Planting, Probe, Verb
from canary.persona import NaturalGenerator
from canary.plant import Planter
from canary.ports import HitFilter
from canary.store.exposures import SKETCH
from canary.watch import keep_message, keep_probe
from tests.parts import START, House
from tests.store.store_parts import selftest_of

Mail = Callable[..., Message]
EMPLOYEES = tuple(f"e{number}" for number in range(6))


def planter_of(house: House, **policy: object) -> Planter:
    """Return a planter under another policy."""
    told = MintPolicy((("one.example", 1.0),), **policy)  # type: ignore[arg-type]
    return Planter(
        house.store,
        Minter(told, NaturalGenerator(house.keys.draw, floor_bits=24), house.keys.draw),
        house.clock,
    )


def shown(
    house: House, planter: Planter | None = None, *, records: int = 6
) -> dict[tuple[str, str], Planting]:
    """Have every employee look at records, so that each two share some; return what each saw."""
    planter = planter or house.planter
    seen = {}
    for place, who in enumerate(EMPLOYEES):
        for what in range(place, place + records):
            access = Access(who, f"B{what:02d}", START + timedelta(minutes=place * 60 + what))
            seen[who, access.record] = planter.plant(access)
    return seen


def decoys_of(seen: dict[tuple[str, str], Planting], *who: str) -> list[Decoy]:
    return [decoy for (name, _), planting in seen.items() if name in who for decoy in planting.decoys]


def hits_of(house: House, mails: Iterable[Message | Probe]) -> list[Hit]:
    for each in mails:
        keep_message(house.store, each) if isinstance(each, Message) else keep_probe(house.store, each)
    return list(house.store.hits(HitFilter(selftests=True)))


def mails(mail: Mail, decoys: Iterable[Decoy], **apart: object) -> list[Message]:
    """Return a mail to each decoy, each by another sender from another network."""
    return [
        mail(
            decoy.address,
            mail_from=f"a@s{number}.example",
            at=START + timedelta(days=2, hours=number),
            **{"raw": b"Subject: %d\r\n\r\nhello\r\n" % number} | apart,
        )
        for number, decoy in enumerate(decoys)
    ]


def from_network(message: Message, ip: str) -> Message:
    return replace(message, peer=Peer(ip, 25, "x.example"))


def test_one_message_is_one_piece_of_evidence_however_many_decoys_it_hit(house: House, mail: Mail) -> None:
    seen = shown(house)
    hits = hits_of(house, [mail(*(decoy.address for decoy in decoys_of(seen, "e0")))])
    assert len(hits) == 6
    assert len(set(groups_of(hits, {}).values())) == 1


@pytest.mark.parametrize(
    ("change", "groups"),
    [
        ({}, 2),
        ({"network": "192.0.2.9"}, 1),
        ({"domain": "s0.example"}, 1),
        ({"domain": "s0.example", "later": WITHIN + timedelta(minutes=1)}, 2),
        ({"indicator": "phone +86123"}, 1),
    ],
)
def test_what_one_sender_wrote_within_a_time_is_one_piece_of_evidence(
    house: House, mail: Mail, change: dict[str, object], groups: int
) -> None:
    first, second = decoys_of(shown(house), "e0")[:2]
    later = change.get("later", timedelta(hours=1))
    assert isinstance(later, timedelta)
    at = START + timedelta(days=2)
    one = from_network(mail(first.address, mail_from="a@s0.example", at=at), "192.0.2.1")
    domain = change.get("domain", "s1.example")
    other = from_network(
        mail(second.address, mail_from=f"b@{domain}", at=at + later),
        str(change.get("network", "198.51.100.7")),
    )
    hits = hits_of(house, [one, other])
    indicator = change.get("indicator")
    senders = {hit.message.id: [str(indicator)] for hit in hits if hit.message} if indicator else {}
    assert len(set(groups_of(hits, senders).values())) == groups


def test_one_account_that_was_shown_all_hit_decoys_leads(house: House, mail: Mail) -> None:
    seen = shown(house)
    ordered = [from_network(m, f"192.0.{n}.1") for n, m in enumerate(mails(mail, decoys_of(seen, "e2")))]
    view = ranking_of(house.store, hits_of(house, ordered))
    lead = view.rows[0]
    assert (lead.employees, view.hits, view.sessions) == (("e2",), 6, 6)
    assert lead.probability > 0.99
    assert view.said.startswith("Exposed only through the access of e2 (")
    assert any("newest hit decoy on 2026-11-20" in reason for reason in lead.because)
    assert any("newest hit decoy on 2026-11-20" in line for line in ranking_lines(view, explain=True))


def test_factors_add_up_to_the_probability_of_every_row_that_has_them(house: House, mail: Mail) -> None:
    seen = shown(house)
    view = ranking_of(house.store, hits_of(house, mails(mail, decoys_of(seen, "e1", "e4"))))
    explained = [row for row in view.rows if row.factors]
    assert {row.kind for row in explained} >= {"accounts", "nobody"}
    for row in explained:
        total = math.fsum(factor.value for factor in row.factors)
        assert total == pytest.approx(row.weight)
        assert math.exp(total - view.total) == pytest.approx(row.probability)
    assert view.rows[0].employees == ("e1", "e4")
    lines = "\n".join(ranking_lines(view, explain=True))
    assert f"= {view.rows[0].probability:.4f}" in lines


def test_shared_decoys_name_the_account_that_was_shown_all_of_them(house: House, mail: Mail) -> None:
    planter = planter_of(house, view_rate=0.0, stable=1, cohort=1)
    seen = shown(house, planter)
    both = {Layer.STABLE, Layer.COHORT}
    leaker = next(one for one in EMPLOYEES if {decoy.layer for decoy in decoys_of(seen, one)} == both)
    shared = {decoy.id: decoy for decoy in decoys_of(seen, leaker)}
    view = ranking_of(house.store, hits_of(house, mails(mail, shared.values())))
    assert view.rows[0].employees == (leaker,)


def test_when_accounts_are_alike_it_says_what_would_decide(house: House, mail: Mail) -> None:
    seen = shown(house, planter_of(house, view_rate=0.0, stable=1))
    both = [decoy for decoy in decoys_of(seen, "e0") if decoy in decoys_of(seen, "e1")]
    view = ranking_of(house.store, hits_of(house, mails(mail, both)))
    assert view.said.startswith("Consistent with the access of ")
    assert "the next decoy hit on record B0" in view.said
    assert any("a hit on another decoy of record B0" in words for words in view.next)
    assert {row.employees for row in view.rows} >= {("e0",), ("e1",)}


def test_hits_on_controls_and_self_tests_accuse_nobody(house: House, mail: Mail) -> None:
    shown(house)
    controls = house.planter.mint_controls(3)
    own = selftest_of(house)
    hits = hits_of(house, mails(mail, [*controls, own]))
    assert len(hits) == 4
    assert len(struck(hits, house.store.base_rate())) == 3
    view = ranking_of(house.store, hits)
    assert not any(row.employees for row in view.rows)
    assert ranking_of(house.store, [hit for hit in hits if hit.decoy.selftest]) == NOTHING
    assert (ranking_json(NOTHING), list(ranking_lines(NOTHING))) == ([], [])


def test_probes_of_one_session_are_one_piece_of_evidence(house: House) -> None:
    seen = shown(house)
    peer = Peer("192.0.2.1", 25, session="q1")
    probes = [
        Probe(decoy.address, Verb.RCPT, "", peer, START + timedelta(days=2))
        for decoy in decoys_of(seen, "e5")
    ]
    view = ranking_of(house.store, hits_of(house, probes))
    assert (view.hits, view.sessions, view.rows[0].employees) == (6, 1, ("e5",))
    assert 0.9 < view.rows[0].probability < 0.97


def test_what_was_shown_after_the_hit_is_no_evidence(house: House, mail: Mail) -> None:
    planter = planter_of(house, view_rate=0.0, stable=1)
    early = planter.plant(Access("early", "B01", START))
    planter.plant(Access("late", "B01", START + timedelta(days=9)))
    view = ranking_of(house.store, hits_of(house, mails(mail, early.decoys)))
    assert ("late",) not in {row.employees for row in view.rows}
    assert ("early",) in {row.employees for row in view.rows}


def weighed(house: House, decoys: list[Decoy], near: list[Decoy]) -> RankingView:
    rate = house.store.base_rate()
    with house.store.exposures() as look:
        return ranking(look, listed(decoys, near, START + timedelta(days=3), rate), rate)


def test_near_misses_weigh_less_than_decoys_and_more_together(house: House) -> None:
    mine = decoys_of(shown(house), "e0")
    house.planter.mint_controls(3000)
    exact, one, all_of_them = weighed(house, mine, []), weighed(house, [], mine[:1]), weighed(house, [], mine)
    chances = [
        view.rows[0].probability if view.rows[0].employees else 0.0 for view in (one, all_of_them, exact)
    ]
    assert chances == sorted(chances)
    assert chances[0] < 0.6 < chances[1]


def test_the_store_counts_what_accounts_were_shown_once_for_all_of_them(house: House) -> None:
    planter = planter_of(house, stable=1, cohort=2, join_every=timedelta(0))
    seen = shown(house, planter)
    hit = [seen["e0", "B03"].decoys[0].id]
    with house.store.exposures() as look:
        number, sample = look.accounts(4)
        viewings = look.viewings(hit, 100)
        (place,) = viewings.accounts[:1] if len(viewings.accounts) == 1 else sample[:1]
        groups: list[tuple[bytes, ...]] = [(each,) for each in sample]
        counts = look.showings([*groups, tuple(sample)], hit, START + timedelta(days=1))
        names = look.employees(sample)
        late = look.showings([(place,)], hit, START - timedelta(days=1))[place,]
    assert (number, len(sample), set(names.values()) <= set(EMPLOYEES)) == (6, 4, True)
    assert (late.total, late.records) == ((0, 0, 0), 0)
    union: dict[str, Layer] = {}
    for each, name in names.items():
        mine = {decoy.id: decoy.layer for decoy in decoys_of(seen, name)}
        union |= mine
        layers = list(mine.values())
        expected = tuple(layers.count(layer) for layer in (Layer.VIEW, Layer.STABLE, Layer.COHORT))
        assert counts[each,].total == expected
        assert counts[each,].records == 6
        assert len(counts[each,].unhit_first) == len(set(mine) - set(hit))
    layers = list(union.values())
    assert counts[tuple(sample)].total == tuple(layers.count(each) for each in tuple(Layer))


def test_decoys_that_too_many_were_shown_are_left_out_and_the_rarest_read(house: House) -> None:
    planter = planter_of(house, view_rate=0.5, stable=1)
    seen = shown(house, planter)
    decoys = {decoy.id: decoy for decoy in decoys_of(seen, *EMPLOYEES)}
    with house.store.exposures() as look:
        viewings = look.viewings(decoys, 30)
    read = sum(sum(each.times) for each in viewings.viewers.values())
    assert 20 < read <= 30
    assert viewings.left_out
    assert {decoys[each].layer for each in viewings.left_out} == {Layer.STABLE}
    assert {Layer.VIEW} <= {decoys[each].layer for each in viewings.viewers}


def test_many_accounts_are_counted_by_a_sketch_within_a_tenth(house: House) -> None:
    number = 3 * SKETCH
    rows = [Access(f"e{each}", "B01", START + timedelta(seconds=each)) for each in range(number)]
    planter = planter_of(house, view_rate=0.0)
    planter.plant_all(rows)
    with house.store.exposures() as look:
        about, _ = look.accounts(1)
    assert about == pytest.approx(number, rel=0.1)
