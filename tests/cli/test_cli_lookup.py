"""A list that was found: the decoys in it, whose copy it may be, and what is no list at all."""

import gzip
from typing import Any

import pytest

from canary.cli.lookup import MOST_ACCESSES
from tests.cli.conftest import Desk

PLAN = """
[plan.shared]
records = ["*"]
stable = 1
view_rate = 0.0
"""


def company(desk: Desk, employees: int = 5, records: int = 4) -> dict[tuple[str, str], str]:
    """Return the address that each employee was shown of each record; desks overlap."""
    rows = [
        f"2026-11-20T09:{minute:02d}:00Z,e{who},B{(who + what) % (employees + 2):02d}"
        for minute, (who, what) in enumerate(
            (who, what) for who in range(employees) for what in range(records)
        )
    ]
    desk.write("log.csv", "at,employee,record\n" + "\n".join(rows) + "\n")
    desk("mint", "--from", "log.csv", "--output", "decoys.csv").ok()
    lines = [line.split(",") for line in (desk.folder / "decoys.csv").read_text().splitlines()[1:]]
    return {(line[2], line[3]): line[5] for line in lines}


def told(desk: Desk, text: str | bytes, *options: str) -> dict[str, Any]:
    path = desk.write("leak.txt", text)
    body = desk("lookup", path, "--json", *options).json()
    assert isinstance(body, dict)
    return body


def test_a_list_is_told_as_the_documented_contract(desk: Desk) -> None:
    shown = company(desk)
    mine = [address for (who, _), address in shown.items() if who == "e1"]
    text = f"x@y.example\nname;{mine[0].upper()};DE\n\n<{mine[1]}>, {mine[0]}\n"
    body = told(desk, text)
    assert list(body)[:3] == ["decoys", "near", "ranking"]
    first, second = body["decoys"]
    assert (first["address"], first["line"], first["times"], first["decoy"]) == (
        mine[0].upper(),
        2,
        2,
        mine[0],
    )
    assert [access["employee"] for access in first["accesses"]] == ["e1"]
    assert (second["address"], second["line"], second["shown"]) == (mine[1], 4, 1)
    assert (body["addresses"], body["lines"], body["near"]) == (4, 4, [])
    lead = body["ranking"][0]
    assert list(lead) == ["explanation", "employees", "probability", "because"]
    assert lead["employees"] == ["e1"]
    assert lead["explanation"] == "exposed through the access of e1"
    assert lead["probability"] > 0.9
    assert any("view-unique" in reason for reason in lead["because"])
    assert body["said"].startswith("Exposed only through the access of e1 (")


def test_a_list_typed_off_a_photograph_still_names_the_account(desk: Desk) -> None:
    mine = [address for (who, _), address in company(desk).items() if who == "e2"]
    typed = [f"{address.partition('@')[0]}x@{address.partition('@')[2]}" for address in mine]
    body = told(desk, "\n".join(typed))
    assert body["decoys"] == []
    assert [(miss["address"], miss["decoy"], miss["distance"]) for miss in body["near"]] == [
        (one, other, 1.0) for one, other in zip(typed, mine, strict=True)
    ]
    assert [miss["line"] for miss in body["near"]] == [1, 2, 3, 4]
    assert body["ranking"][0]["employees"] == ["e2"]


def test_two_copies_put_together_are_said_to_be_of_two(desk: Desk) -> None:
    shown = company(desk)
    body = told(desk, "\n".join(address for (who, _), address in shown.items() if who in {"e0", "e4"}))
    assert body["ranking"][0]["employees"] == ["e0", "e4"]


def test_people_read_a_table_and_what_to_make_of_it(desk: Desk) -> None:
    mine = [address for (who, _), address in company(desk).items() if who == "e3"]
    desk.write("leak.txt", "\n".join(mine))
    done = desk("lookup", "leak.txt").ok()
    assert done.lines[0].split() == ["line", "address", "times", "layer", "employee", "record"]
    assert all("e3" in line and "view" in line for line in done.lines[1:5])
    assert "Exposed only through the access of e3" in done.out
    assert "nobody: chance" in done.out
    assert "not culprits" in done.lines[-1]
    assert "4 addresses read, up to line 4: 4 decoys, 0 near misses" in done.err


def test_every_factor_is_told_and_adds_up_to_the_probability(desk: Desk) -> None:
    mine = [address for (who, _), address in company(desk).items() if who == "e3"]
    desk.write("leak.txt", "\n".join(mine))
    lines = [line.strip() for line in desk("lookup", "leak.txt", "--explain").ok().lines]
    head = next(
        place for place, line in enumerate(lines) if line.endswith("exposed through the access of e3")
    )
    end = next(place for place in range(head, len(lines)) if "sum;" in lines[place])
    values = [float(line.split()[0]) for line in lines[head + 1 : end]]
    total = float(lines[end].split()[0])
    assert len(values) > 3
    assert sum(values) == pytest.approx(total, abs=0.005)
    assert f"= {float(lines[end + 1].split('=')[1]):.4f}" in lines[end + 1]


def test_a_control_in_a_list_is_said_loudly(desk: Desk) -> None:
    company(desk)
    (control,) = desk("mint", "--control", "1", "--json").json()
    path = desk.write("leak.txt", control["address"])
    done = desk("lookup", path, "--json")
    assert "NOBODY WAS EVER SHOWN A CONTROL" in done.err
    assert "store itself" in done.err
    body = done.json()
    assert body["controls"] == 1
    assert body["decoys"][0]["layer"] == "control"
    assert not any(row["employees"] for row in body["ranking"])


def test_a_list_comes_gzipped_or_from_standard_input(desk: Desk) -> None:
    address = desk.address()
    desk.write("leak.gz", gzip.compress(address.encode()))
    assert desk("lookup", "leak.gz", "--json").json()["decoys"][0]["decoy"] == address
    piped = desk("lookup", "-", "--json", stdin=f"a\n{address}".encode()).json()
    assert piped["decoys"][0]["line"] == 2


def test_what_came_before_a_broken_end_is_told(desk: Desk) -> None:
    address = desk.address()
    whole = gzip.compress((address + "\n" + "\n".join(map(str, range(900_000)))).encode())
    desk.write("leak.gz", whole[: len(whole) - 500])
    done = desk("lookup", "leak.gz")
    done.failed(65, "broken gzip")
    assert address in done.out


def test_decoys_are_looked_for_under_domains_that_are_minted_no_more(desk: Desk) -> None:
    address = desk.address()
    other = {"one.example": "two.example", "two.example": "one.example"}[address.partition("@")[2]]
    path = desk.write("leak.txt", address)
    body = desk("lookup", path, "--json", "--set", f"mint.domains={other}").json()
    assert body["decoys"][0]["decoy"] == address


def test_a_script_learns_by_the_exit_code_that_decoys_were_found(desk: Desk) -> None:
    desk.write("leak.txt", f"a@b.example {desk.address()}")
    desk.write("clean.txt", "a@b.example")
    assert desk("lookup", "leak.txt", "--fail-on-hit").code == 3
    assert desk("lookup", "leak.txt").code == 0
    clean = desk("lookup", "clean.txt", "--fail-on-hit").ok()
    assert (clean.out, "no decoys" in clean.err) == ("", True)


@pytest.mark.parametrize(
    ("content", "words", "hint"),
    [
        (None, "cannot read leak.txt: No such file", ""),
        (b"", "leak.txt is empty", ""),
        (b"PK\x03\x04" + bytes(40), "leak.txt is a zip archive", "export its text"),
        (b"%PDF-1.7\n", "leak.txt is a PDF", "pdftotext leak.txt"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9 + bytes(99), "leak.txt is no text", "strings leak.txt"),
    ],
)
def test_what_is_no_list_is_refused_in_words(
    desk: Desk, content: bytes | None, words: str, hint: str
) -> None:
    if content is not None:
        desk.write("leak.txt", content)
    desk("lookup", "leak.txt").failed(65, words, hint=hint)


def test_nothing_of_a_list_is_kept(desk: Desk) -> None:
    shown = company(desk)
    before = {path.name: path.read_bytes() for path in desk.folder.glob("canary.db")}
    told(desk, "\n".join(shown.values()))
    assert {path.name: path.read_bytes() for path in desk.folder.glob("canary.db")} == before
    assert desk("hits", "--json").json() == []


def test_the_accesses_of_a_decoy_that_very_many_were_shown_are_not_all_listed(desk: Desk) -> None:
    accesses = MOST_ACCESSES + 3
    rows = "\n".join(f"2026-11-20T{9 + n // 60:02d}:{n % 60:02d}:00Z,e{n},B07" for n in range(accesses))
    desk.write("log.csv", f"at,employee,record\n{rows}\n")
    configuration = desk.folder / "canary.toml"
    configuration.write_text(f"{configuration.read_text()}\n{PLAN}")
    desk("mint", "--from", "log.csv", "--output", "decoys.csv").ok()
    address = (desk.folder / "decoys.csv").read_text().splitlines()[1].split(",")[5]
    body = told(desk, address)
    assert body["decoys"][0]["layer"] == "stable"
    assert (len(body["decoys"][0]["accesses"]), body["decoys"][0]["shown"]) == (MOST_ACCESSES, accesses)
    assert body["said"].startswith("Consistent with the access of")
