"""A campaign over several incidents: what one sender links is weighed together."""

from datetime import timedelta

from canary.investigate.briefing import case_ranking
from canary.investigate.linked import linked_files
from canary.model import Access, Decoy
from canary.model.casework import Act, CaseFile
from canary.model.incident import IncidentState
from tests.investigate.cases import LINK, PROVEN, Desk
from tests.parts import START

LATER = timedelta(days=3)
ACCOUNTS, RECORDS = 40, 3


def copied(desk: Desk) -> list[Decoy]:
    """Have accounts look at records of their own; return two decoys of the first and one of some others."""
    rows = [
        Access(f"e{who}", f"B{who:02d}{what}", START) for who in range(ACCOUNTS) for what in range(RECORDS)
    ]
    seen = {each.access.record: each.decoys[0] for each in desk.house.planter.plant_all(rows)}
    return [seen["B000"], seen["B001"], *(seen[f"B{who:02d}2"] for who in range(3, ACCOUNTS, 3))]


def case_of(desk: Desk, number: int = 1) -> CaseFile:
    return desk.store.incident(f"inc_{number}")


def test_an_account_whose_hits_are_part_of_a_copied_store_is_not_named(desk: Desk) -> None:
    for number, decoy in enumerate(copied(desk)):
        told = {"at": START + LATER + timedelta(hours=number), "mail_from": f"a@s{number}.example"}
        raw = b"Subject: %d\r\n\r\nhello\r\n" % number
        desk.hit(decoy, origin=[PROVEN], raw=raw, **told)
    case = case_of(desk)
    assert case.incident.accounts == ("e0",)
    alone = case_ranking(desk.store, CaseFile(case.incident, case.hits))
    assert alone.rows[0].employees == ("e0",)
    together = case_ranking(desk.store, case)
    assert together.rows[0].kind == "bulk"
    assert len(together.linked) == 13


def test_only_a_sender_that_is_certain_links_and_only_within_a_week(desk: Desk) -> None:
    decoys = copied(desk)
    at = START + LATER
    for decoy, origin, days in (
        (decoys[0], [PROVEN, LINK], 0.0),
        (decoys[2], [PROVEN], 2.0),
        (decoys[3], [LINK], 2.0),
        (decoys[4], [PROVEN], 9.5),
        (decoys[5], [PROVEN], 1.0),
    ):
        raw = b"Subject: %s\r\n\r\nhello\r\n" % decoy.id.encode()
        desk.hit(decoy, origin=origin, raw=raw, at=at + timedelta(days=days))
    desk.store.set_incident("inc_5", IncidentState.DISMISSED, Act("r.diaz", at, "a shop of ours"))
    assert [case.incident.id for case in linked_files(desk.store, [case_of(desk)])] == ["inc_2"]
