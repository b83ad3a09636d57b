"""`canary seed`: OUT is whole or not there, and what cannot be seeded is said before it is recorded."""

import csv
import io
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Desk, Done

TEXTS = ("Works.", "Fine for the price.", "Came late, still good.")
PEOPLE = (
    ("Helen Kowalski", "helen.kowalski@example.com", 5),
    ("Marcus Bell", "mbell84@example.net", 4),
    ("Priya Raman", "priya.raman@example.org", 1),
    ("Thomas Lindqvist", "tlindqvist@example.com", 5),
    ("Emily Sanders", "emilysanders@example.org", 3),
)
ROWS = [
    {"id": f"R{number * 7919 % 10_000:04}", "name": name, "email": email, "stars": stars}
    for number, (name, email, stars) in enumerate(PEOPLE * 4, start=100)
]


def table(delimiter: str = ",") -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, ["id", "name", "email", "stars"], delimiter=delimiter)
    writer.writeheader()
    writer.writerows(ROWS)
    return out.getvalue().encode()


EXPORTS = {
    "export.csv": table(),
    "export.tsv": table("\t"),
    "export.json": json.dumps(ROWS, indent=1).encode(),
    "export.jsonl": "".join(f"{json.dumps(row)}\n" for row in ROWS).encode(),
}
ACCESS = ("--employee", "e.marsh", "--record", "B07", "--at", "2026-11-20")


def seed(desk: Desk, file: object, out: object, *more: object, stdin: bytes = b"") -> Done:
    return desk("seed", file, *ACCESS, "-o", out, *more, stdin=stdin)


def accesses(desk: Desk) -> int:
    return int(desk("status", "--json").json()["accesses"])


@pytest.mark.parametrize("name", EXPORTS)
def test_every_format_goes_through_files_and_pipes_alike(desk: Desk, name: str) -> None:
    desk.write(name, EXPORTS[name])
    body = seed(desk, name, "out", "--json").json()
    assert list(body) == ["access", "decoys", "fresh", "duplicate", "records"]
    assert body["records"] == len(ROWS)
    (decoy,) = body["decoys"]
    assert isinstance(decoy["position"], int)
    out = (desk.folder / "out").read_bytes()
    assert out.count(decoy["address"].encode()) == 1
    assert out != EXPORTS[name]
    piped = seed(desk, "-", "-", "--format", name.partition(".")[2], stdin=EXPORTS[name]).ok()
    assert piped.raw == out
    assert accesses(desk) == 1


def test_what_was_seeded_is_told_beside_the_output(desk: Desk) -> None:
    done = seed(desk, "-", "-", stdin=EXPORTS["export.csv"]).ok()
    assert done.err == "acc_1: 1 decoy among 20 records, 1 new\n"


def test_out_is_readable_by_its_owner_alone_unless_it_was_there(desk: Desk) -> None:
    desk.write("export.csv", EXPORTS["export.csv"])
    seed(desk, "export.csv", "new.csv").ok()
    assert (desk.folder / "new.csv").stat().st_mode & 0o777 == 0o600
    desk.write("old.csv", "something else").chmod(0o640)
    seed(desk, "export.csv", "old.csv").ok()
    assert (desk.folder / "old.csv").stat().st_mode & 0o777 == 0o640
    assert (desk.folder / "old.csv").read_bytes() == (desk.folder / "new.csv").read_bytes()


def test_a_link_is_followed_and_a_device_is_written_to(desk: Desk) -> None:
    desk.write("export.csv", EXPORTS["export.csv"])
    (desk.folder / "link.csv").symlink_to(desk.folder / "target.csv")
    seed(desk, "export.csv", "link.csv").ok()
    assert (desk.folder / "link.csv").is_symlink()
    assert (desk.folder / "target.csv").is_file()
    seed(desk, "export.csv", "/dev/null").ok()
    assert Path("/dev/null").is_char_device()


def test_a_pipe_of_the_shell_is_written_to(desk: Desk) -> None:
    ours, theirs = os.pipe()
    with os.fdopen(ours, "rb") as pipe:
        seed(desk, "-", f"/dev/fd/{theirs}", stdin=EXPORTS["export.csv"]).ok()
        os.close(theirs)
        assert len(pipe.read().splitlines()) == 1 + len(ROWS) + 1


@pytest.mark.parametrize("out", ["missing/out.csv", "folder", "canary.toml/out.csv"])
def test_an_out_that_cannot_be_written_is_said_before_anything_is_recorded(desk: Desk, out: str) -> None:
    (desk.folder / "folder").mkdir()
    desk.write("export.csv", EXPORTS["export.csv"])
    before = sorted(desk.folder.rglob("*"))
    seed(desk, "export.csv", out).failed(1, "cannot write")
    assert accesses(desk) == 0
    assert sorted(set(desk.folder.rglob("*")) - {*desk.folder.glob("canary.db-*")}) == before


def test_the_export_itself_is_never_out(desk: Desk) -> None:
    path = desk.write("export.csv", EXPORTS["export.csv"])
    seed(desk, "export.csv", path).failed(2, "is the export itself", hint="another file")
    assert path.read_bytes() == EXPORTS["export.csv"]
    assert accesses(desk) == 0


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.csv", b"", "x.csv"),
        ("x.csv", b"id,name,email\n", "there are no records to imitate"),
        ("x.csv", b"id,text\n1,good\n2,bad\n", "mail"),
        ("x.csv", b'id,name,email\n1,"A,a@b.example\n', "x.csv, line 2, column"),
        ("x.json", b"[]", "there are no records to imitate"),
        ("x.json", b'[{"email": "a@b.example"},\n {"email": oops}]', "x.json, line 2, column"),
        ("x.jsonl", b'{"email": "a@b.example"}\n{"email"}\n', "x.jsonl, line 2, column"),
    ],
)
def test_an_export_that_is_none_is_told_and_nothing_is_recorded(
    desk: Desk, name: str, content: bytes, words: str
) -> None:
    desk.write(name, content)
    desk.write("old.csv", "kept")
    for out in ("new.csv", "old.csv", "-"):
        done = seed(desk, name, out).failed(65, words)
        assert done.out == ""
    assert not (desk.folder / "new.csv").exists()
    assert (desk.folder / "old.csv").read_text() == "kept"
    assert not list(desk.folder.glob(".*.csv.*"))
    assert accesses(desk) == 0


def test_an_export_smaller_than_its_decoys_is_warned_of(desk: Desk) -> None:
    desk.write("export.csv", b"id,name,email\n1,Ann Bell,ann.bell@example.org\n")
    body = seed(desk, "export.csv", "out.csv", "--json", "--set", "mint.per_view=3")
    assert "canary: the export has 1 record" in body.err
    assert "1 of 3 decoys" in body.err
    assert len(body.json()["decoys"]) == 1


def test_a_decoy_looks_the_same_in_the_next_export_and_in_another_format(desk: Desk) -> None:
    desk.write("export.csv", EXPORTS["export.csv"])
    place = seed(desk, "export.csv", "out.csv", "--json").json()["decoys"][0]["position"]
    first = list(csv.DictReader(io.StringIO((desk.folder / "out.csv").read_text())))
    desk.write("later.json", json.dumps(ROWS[5:] + ROWS[:2]))
    position = seed(desk, "later.json", "out.json", "--json").json()["decoys"][0]["position"]
    later = json.loads((desk.folder / "out.json").read_text())
    assert later[position] == {**first[place], "stars": int(first[place]["stars"])}


def test_a_failure_while_writing_leaves_the_old_out(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    desk.write("export.csv", EXPORTS["export.csv"])
    desk.write("out.csv", "kept")
    monkeypatch.setattr("canary.cli.seed.Survey.pour", full)
    seed(desk, "export.csv", "out.csv").failed(1, "cannot write", "No space left on device")
    assert (desk.folder / "out.csv").read_text() == "kept"
    assert not list(desk.folder.glob(".out.csv.*"))
    with desk.store() as store:
        assert not store.access("acc_1").decoys, "nobody was shown a decoy"


def test_a_file_that_may_not_be_written_is_kept_and_nothing_is_recorded(desk: Desk) -> None:
    """Root may write whatever its mode says, but no program that is running."""
    sleep = shutil.which("sleep")
    assert sleep
    shutil.copy(sleep, desk.folder / "out.csv")
    desk.write("export.csv", EXPORTS["export.csv"])
    with subprocess.Popen([desk.folder / "out.csv", "60"]) as busy:
        seed(desk, "export.csv", "out.csv").failed(1, "cannot write", "busy")
        busy.kill()
    assert (desk.folder / "out.csv").read_bytes() == Path(sleep).read_bytes()
    assert accesses(desk) == 0


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        (["--format", "xml"], 2, "--format xml: not one of csv, json, jsonl, tsv"),
        (["--map", "email"], 2, "--map email: expected email="),
        (["--map", "phone=x"], 2, "--map phone=x: expected email="),
        (["--map", "email=nothing"], 65, "nothing"),
        (["--at", "soon"], 2, "--at: the time"),
        (["--texts", "missing.txt"], 65, "cannot read --texts missing.txt"),
    ],
)
def test_options_that_do_not_fit_are_told(desk: Desk, more: list[str], code: int, words: str) -> None:
    desk.write("export.csv", EXPORTS["export.csv"])
    seed(desk, "export.csv", "out.csv", *more).failed(code, words)
    assert not (desk.folder / "out.csv").exists()
    assert accesses(desk) == 0


def test_json_and_the_export_do_not_share_standard_output(desk: Desk) -> None:
    seed(desk, "-", "-", "--json", stdin=EXPORTS["export.csv"]).failed(2, "both write to standard output")
