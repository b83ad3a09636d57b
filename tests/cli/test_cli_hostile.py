"""Messages made to break readers go the whole way: kept, appraised, joined, shown and listed as JSON."""

from tests.cli.conftest import Desk
from tests.origin.test_origin_indicators import HOSTILE

GIANTS = {
    name: HOSTILE[name]
    for name in ("100,000 parts", "3,000 deep", "3,000 messages deep", "40,000 headers", "nested div")
} | {
    "9,000 addresses": b"From: "
    + b"a@b.example, " * 9000
    + b"\r\nTo: "
    + b"c@d.example," * 9000
    + b"\r\n\r\n"
}


def test_giants_go_the_whole_way_from_the_file_to_the_incident(desk: Desk) -> None:
    address = desk.address()
    for number, raw in enumerate(GIANTS.values()):
        desk.write(f"{number}.eml", raw)
    files = [f"{number}.eml" for number in range(len(GIANTS))]
    done = desk("ingest", f"--rcpt={address}", *files).ok()
    assert done.out.count("(1 new)") == len(GIANTS)
    desk("incidents", "rebuild").ok()
    (incident,) = desk("incidents", "--json").json()
    assert (incident["hits"], incident["employees"]) == (len(GIANTS), ["e.marsh"])
    assert desk("incident", "show", incident["id"]).ok().out.replace("\n", "").isprintable()
    for hit in desk("hits", "--json").json():
        shown = desk("hit", "show", hit["id"]).ok().out
        assert shown.replace("\n", "").isprintable()
        assert len(shown) < 20_000
