"""`canary mint`: one access, controls, and logs, good and bad."""

import json
import re

import pytest

from tests.cli.conftest import DOMAINS, Desk

LOG = """\
at,employee,record,beneficiary,tool,session,client_ip
2026-11-17T09:00:00Z,e.marsh,B07,S1,console,s-1,10.0.0.1
2026-11-17T09:05:00Z,e.marsh,B07,S1,console,s-1,10.0.0.1
2026-11-17T10:00:00Z,t.okafor,B07,S1,console,s-2,10.0.0.2
"""
BAD = (
    b"at,employee,record,note\n"
    b"2026-11-17T09:00:00Z,e.marsh,B07,fine\n"
    b"yesterday,e.marsh,B07,bad time\n"
    b"2026-11-17T09:05:00Z,,B07,nobody\n"
    b"2026-11-17T09:00:00Z,e.marsh,B07,the first again\n"
    b"2026-11-17T09:10:00Z,j\xf6rg,B07,latin\n"
    b'2026-11-17T09:15:00Z,"e.marsh,B07,a quote that never ends\n'
    b"2026-11-17T09:20:00Z,t.okafor,B07,fine\n"
)
COUNTS = {"accesses", "new", "known", "decoys", "bad_rows"}


def test_an_access_as_json_is_the_documented_contract(desk: Desk) -> None:
    body = desk.mint(beneficiary="S1", tool="console", session="s-1", client_ip="10.0.0.1", at="2026-11-20")
    assert list(body) == ["access", "decoys", "fresh", "duplicate"]
    assert body["access"] == {
        "id": "acc_1",
        "employee": "e.marsh",
        "record": "B07",
        "beneficiary": "S1",
        "tool": "console",
        "session": "s-1",
        "client_ip": "10.0.0.1",
        "actor": None,
        "at": "2026-11-20T00:00:00Z",
        "actor_class": "person",
        "bare": False,
    }
    (decoy,) = body["decoys"]
    assert list(decoy) == [
        "id",
        "address",
        "name",
        "minted_at",
        "control",
        "selftest",
        "surprisal",
        "generator",
        "layer",
    ]
    assert decoy["address"].partition("@")[2] in DOMAINS
    assert decoy["surprisal"] >= 24
    assert (decoy["control"], body["fresh"], body["duplicate"]) == (False, 1, False)


def test_looking_again_shows_the_same_decoys_as_another_access(desk: Desk) -> None:
    first, again = desk.mint(at="2026-11-20T10:00"), desk.mint(at="2026-11-20T11:00")
    assert first["decoys"] == again["decoys"]
    assert (again["access"]["id"], again["fresh"]) == ("acc_2", 0)
    later = desk.mint(at="2026-11-21T18:00")
    assert [decoy["id"] for decoy in later["decoys"]] == ["dec_1", "dec_2"]


def test_the_same_access_again_is_the_same_access(desk: Desk) -> None:
    assert desk.mint(at="2026-11-20")["access"] == desk.mint(at="2026-11-20")["access"]
    text = desk("mint", "--employee", "e.marsh", "--record", "B07", "--at", "2026-11-20").ok().out
    assert text.startswith("acc_1 (known before): e.marsh looks at B07; 1 decoy to show, 0 new\n")


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("2026-11-20T10:30:00Z", "2026-11-20T10:30:00Z"),
        ("2026-11-20 10:30", "2026-11-20T10:30:00Z"),
        ("2026-11-20T10:30:00+02:00", "2026-11-20T08:30:00Z"),
        ("20261120T103000Z", "2026-11-20T10:30:00Z"),
        ("1771583400", "2026-02-20T10:30:00Z"),
        ("1771583400000", "2026-02-20T10:30:00Z"),
    ],
)
def test_a_time_may_be_written_in_many_ways(desk: Desk, told: str, meant: str) -> None:
    assert desk.mint(at=told)["access"]["at"] == meant


@pytest.mark.parametrize("told", ["soon", "1999-01-01", "2999-01-01", "", "2026-13-01", "10:30"])
def test_a_time_that_cannot_be_meant_is_a_slip_of_the_hand(desk: Desk, told: str) -> None:
    done = desk("mint", "--employee", "a", "--record", "b", "--at", told)
    done.failed(2, "--at: the time", hint="2026-03-01T09:30:00Z")


def test_controls_are_told_as_such(desk: Desk) -> None:
    controls = desk("mint", "--control", "3", "--json").json()
    assert [decoy["control"] for decoy in controls] == [True, True, True]
    assert desk("mint", "--control", "1").ok().out.startswith("1 control minted; keep ")
    assert len(desk("decoys", "--control", "--json").json()) == 4
    assert desk("decoys", "--no-control", "--json").json() == []


def test_without_domains_nothing_can_be_minted(desk: Desk) -> None:
    desk.write("canary.toml", "")
    desk("mint", "--employee", "a", "--record", "b").failed(78, "domain")


def test_the_same_log_twice_changes_nothing_and_gives_the_same_decoys(desk: Desk) -> None:
    desk.write("log.csv", LOG)
    first = desk("mint", "--from", "log.csv", "--output", "one.csv", "--json").json()
    assert first == {"accesses": 3, "new": 3, "known": 0, "decoys": 2, "bad_rows": 0}
    decoys = desk("decoys").out
    again = desk("mint", "--from", "log.csv", "--output", "two.csv", "--json").json()
    assert again == {"accesses": 3, "new": 0, "known": 3, "decoys": 0, "bad_rows": 0}
    assert (desk.folder / "one.csv").read_bytes() == (desk.folder / "two.csv").read_bytes()
    assert (desk.folder / "one.csv").stat().st_mode & 0o777 == 0o600
    assert desk("decoys").out == decoys
    assert desk("status", "--json").json()["accesses"] == 3


def test_every_output_holds_the_same_decoys(desk: Desk) -> None:
    desk.write("log.csv", LOG)
    desk("mint", "--from", "log.csv", "-o", "out.csv").ok()
    desk("mint", "--from", "log.csv", "-o", "out.jsonl").ok()
    piped = desk("mint", "--from", "-", "-o", "-", stdin=LOG.encode()).ok()
    table = [line.split(",") for line in (desk.folder / "out.csv").read_text().splitlines()]
    assert table[0] == ["access", "at", "employee", "record", "decoy", "address", "name", "layer"]
    lines = [json.loads(line) for line in (desk.folder / "out.jsonl").read_text().splitlines()]
    assert [row[5] for row in table[1:]] == [each["decoys"][0]["address"] for each in lines]
    assert [json.loads(line)["decoys"] for line in piped.lines] == [each["decoys"] for each in lines]
    assert "3 accesses: 0 new, 3 known before" in piped.err
    desk("mint", "--from", "-", "-o", "-", "--json").failed(2, "both write to standard output")


@pytest.mark.parametrize("name", ["missing/out.csv", "folder.csv"])
def test_an_output_that_cannot_be_written_is_said_before_anything_is_planted(desk: Desk, name: str) -> None:
    (desk.folder / "folder.csv").mkdir()
    desk.write("log.csv", LOG)
    desk("mint", "--from", "log.csv", "-o", name).failed(1, "cannot write")
    assert desk("status", "--json").json()["accesses"] == 0


def test_good_rows_are_planted_and_bad_rows_told(desk: Desk) -> None:
    desk.write("log.csv", BAD)
    done = desk("mint", "--from", "log.csv", "--output", "out.csv")
    done.failed(65, "3 rows of log.csv could not be read; all others are planted", hint="run the same")
    assert "line 3, column 1: at is neither ISO 8601 nor seconds since 1970: 'yesterday'" in done.err
    assert "line 4, column 22: employee is missing" in done.err
    assert re.search(r"line 7, column 22: malformed CSV", done.err)
    assert "read as Windows-1252" in done.err
    assert "columns not used: note" in done.err
    assert done.out == "4 accesses: 3 new, 1 known before; 3 decoys minted\n"
    assert "jörg" in (desk.folder / "out.csv").read_text()
    again = desk("mint", "--from", "log.csv")
    assert again.code == 65
    assert again.out == "4 accesses: 0 new, 4 known before; 0 decoys minted\n"


def test_counts_of_a_bad_log_are_json_all_the_same(desk: Desk) -> None:
    done = desk("mint", "--from", "-", "--json", stdin=BAD)
    assert done.code == 65
    body = json.loads(done.out)
    assert set(body) == COUNTS
    assert body["bad_rows"] == 3


def test_only_the_first_bad_rows_are_told(desk: Desk) -> None:
    rows = "".join(f"never,e.{number},B07\n" for number in range(30))
    done = desk("mint", "--from", "-", stdin=f"at,employee,record\n{rows}".encode())
    assert done.err.count("at is neither") == 20
    assert "… and 10 bad rows more" in done.err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "standard input, line 1, column 1: there is nothing here"),
        (b"when,who\n1,2\n", "line 1, column 1: the header has no column for"),
        (b'[{"at": 1}]', "this is one JSON array"),
        (b"PK\x03\x04zip", "a ZIP archive or spreadsheet"),
        (b"\x1f\x8b\x08gzip", "compressed with gzip"),
    ],
)
def test_a_log_that_is_none_leaves_with_65(desk: Desk, content: bytes, words: str) -> None:
    desk("mint", "--from", "-", stdin=content).failed(65, words, hint=" ")


def test_a_bad_line_of_json_is_told_by_line_and_column(desk: Desk) -> None:
    content = b'{"at": "2026-11-17T09:00:00Z", "employee": "a", "record": "b"}\n{"at": 1, oops\n'
    done = desk("mint", "--from", "-", stdin=content)
    done.failed(65, "1 row of standard input could not be read")
    assert "line 2, column 11: malformed JSON" in done.err
