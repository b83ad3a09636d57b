"""`canary incidents`, `canary incident` and `canary sellers`, as they are typed."""

import csv
import io
from collections.abc import Callable

from canary.model import Message
from tests.cli.conftest import Desk


def test_from_hits_to_a_judged_incident(desk: Desk, hit: str, mail: Callable[..., Message]) -> None:
    desk.keep(mail(desk.address("k.ito", "B08")))
    assert desk("incidents").ok().err.startswith("no incidents")
    assert desk("incidents", "rebuild").ok().out == "2 hits joined\n"
    assert desk("incidents", "rebuild").ok().out == "0 hits joined\n"
    first, second = desk("incidents", "--json").json()[::-1]
    assert (first["id"], first["employees"], first["ranking"]) == ("inc_1", ["e.marsh"], first["ranking"])
    (newest,) = desk("incidents", "--json", "--limit", "1", "--no-ranking").json()
    assert (newest["id"], "ranking" in newest) == ("inc_2", False)
    shown = desk("incident", "show", "inc_1").ok()
    assert "Exposed through the access of: e.marsh (1 hit)" in shown.out
    assert hit in shown.out
    desk("incident", "merge", "inc_1", "inc_2", "--why", "one broker", "--as", "r.diaz").ok()
    followed = desk("incident", "show", "inc_2", "--json")
    assert followed.json()["employees"] == ["e.marsh", "k.ito"]
    assert "was merged into inc_1" in followed.err
    apart = desk("incident", "split", "inc_1", second["id"].replace("inc", "hit"), "--why", "two after all")
    assert apart.ok().out == "inc_3: open, 1 hit\n"
    desk("incident", "note", "inc_3", "asked the seller").ok()
    told = desk("incident", "set", "inc_3", "dismissed", "--why", "our own test").ok()
    assert told.out == "inc_3: dismissed, 1 hit\n"
    (listed,) = desk("incidents", "--state", "dismissed", "--jsonl").ok().lines
    assert '"inc_3"' in listed
    audit = desk("incident", "show", "inc_3", "--json").json()["audit"]
    assert [(each["action"], each["words"]) for each in audit][1:] == [
        ("note", "asked the seller"),
        ("dismissed", "our own test"),
    ]
    assert [line.split()[0] for line in desk("incidents", "--employee", "e.marsh").ok().lines[1:]] == [
        "inc_1"
    ]


def test_what_was_exposed_is_told_as_a_table_csv_and_json(desk: Desk, hit: str) -> None:
    desk.mint("e.marsh", "B09", beneficiary="Lumo", at="2026-11-21T09:00:00Z")
    desk("incidents", "rebuild").ok()
    ask = ("incident", "exposed", "inc_1", "--since", "2026-11-01", "--until", "1h")
    del hit
    table = desk(*ask[:3]).ok()
    assert "Customers are known here only as records" in table.err
    rows = list(csv.DictReader(io.StringIO(desk(*ask[:5], "--csv").ok().out)))
    assert ("B09", "Lumo", "e.marsh", "1") in [
        (row["record"], row["beneficiary"], row["employee"], row["accesses"]) for row in rows
    ]
    body = desk(*ask[:5], "--json").json()
    assert set(body) == {"incident", "employees", "since", "until", "records", "sellers", "note"}
    assert body["sellers"] == ["Lumo"]
    desk(*ask, "--csv", "--json").failed(2, "not both")
    desk(*ask[:3], "--until", "2026-11-01").failed(2, "later than --until")
    desk(*ask[:3], "--until", "soon").failed(2, "--until")


def test_a_graph_is_written_where_it_was_asked_for(desk: Desk, hit: str) -> None:
    del hit
    desk("incidents", "rebuild").ok()
    desk("incident", "show", "inc_1", "--graph", "out.svg").ok()
    assert (desk.folder / "out.svg").read_text().startswith("<svg ")
    desk("incident", "show", "inc_1", "--graph", "out.png").failed(2, "must end in .svg")


def test_sellers_are_imported_listed_and_refused_twice(desk: Desk) -> None:
    file = desk.write("sellers.csv", "id,name,domains\nS1,Brightpan,brightpan.example\n")
    assert desk("sellers").ok().err.startswith("no sellers")
    assert desk("sellers", "import", file).ok().out == "1 seller taken in\n"
    desk("sellers", "import", file).failed(65, "line 2: id S1 is in the registry already", hint="--merge")
    desk("sellers", "import", file, "--merge").ok()
    (seller,) = desk("sellers", "--json").json()
    assert seller["indicators"] == [{"kind": "domain", "value": "brightpan.example"}]
    desk("sellers", "import", desk.write("bad.csv", b"id\n\xff\n")).failed(65, "line 2 is not UTF-8")
    desk("sellers", "import", desk.write("none.csv", "")).failed(65, "empty", hint="a heading")
    desk("sellers", "import", "missing.csv").failed(1, "cannot read")


def test_what_cannot_be_meant_is_refused(desk: Desk, hit: str) -> None:
    del hit
    desk("incidents", "rebuild").ok()
    desk("incident", "show", "inc_9").failed(1, "no incident inc_9", hint="canary incidents")
    desk("incident", "show", "hit_1").failed(1, "not the identifier of an incident")
    desk("incident", "set", "inc_1", "guilty", "--why", "x").failed(2, "guilty")
    desk("incident", "set", "inc_1", "confirmed").failed(2, "--why")
    desk("incident", "set", "inc_1", "confirmed", "--why", " ").failed(2, "between 1 and")
    desk("incident", "note", "inc_1", "x", "--as", "\x1b[2J").failed(2, "--as")
    desk("incident", "split", "inc_1", "hit_1", "--why", "x").failed(2, "leave it some")
