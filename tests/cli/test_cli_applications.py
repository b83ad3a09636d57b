"""`canary suppress` and `canary api-key`, as they are typed."""

import hashlib
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

from canary.config import load
from canary.model import Access
from canary.plant import opened_live
from tests.cli.conftest import Desk


def test_the_list_for_senders_holds_every_address(desk: Desk, tmp_path: Path) -> None:
    shown = desk.address("e.marsh", "B01")
    (control,) = desk("mint", "--control", "1", "--json").json()
    plain = desk("suppress", "--format", "plain").ok()
    assert plain.lines == [shown, control["address"]]
    assert "names every decoy" in plain.err
    hashed = desk("suppress").ok().lines
    assert hashed == [hashlib.sha256(each.encode()).hexdigest() for each in plain.lines]
    file = tmp_path / "suppress.txt"
    done = desk("suppress", "--output", str(file)).ok()
    assert (done.out, file.read_text(encoding="ascii").split()) == ("", hashed)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o644)
    desk("suppress", "--output", str(file)).failed(2, "can be read by others", hint="chmod 600")


def test_a_key_is_made_listed_and_revoked(desk: Desk) -> None:
    made = desk("api-key", "create", "--scope", "plant", "--name", "portal", "--expires", "90d").ok()
    (text,) = made.lines
    assert text.startswith("canary_plant_1_")
    assert "shown this once" in made.err
    told = desk("api-key", "create", "--scope", "read", "--name", "siem", "--rate", "60", "--json").json()
    assert (told["id"], told["scope"], told["rate"], told["expires_at"]) == ("key_2", "read", 60, None)
    assert told["secret"].startswith("canary_read_2_")
    listed = desk("api-key", "list").ok()
    assert text[-64:] not in listed.out
    desk("api-key", "revoke", "key_1").ok()
    states = [line.split()[-1] for line in desk("api-key", "list").ok().lines[1:]]
    assert states == ["revoked", "good"]
    assert [each["id"] for each in desk("api-key", "list", "--json").json()] == ["key_1", "key_2"]


def test_what_cannot_be_meant_is_refused(desk: Desk) -> None:
    make = ("api-key", "create", "--scope", "plant", "--name")
    desk(*make, "\x1b[2J").failed(2, "--name")
    desk(*make, "x", "--expires", "2020-01-01").failed(2, "time to come")
    desk(*make, "x", "--expires", "soon").failed(2, "--expires")
    desk("api-key", "create", "--scope", "admin", "--name", "x").failed(2, "admin")
    desk("api-key", "revoke", "key_5").failed(1, "no key key_5")
    desk("api-key", "revoke", "acc_5").failed(1, "not the identifier of a key")


def test_a_touch_is_listed_and_shown_among_the_hits(desk: Desk) -> None:
    with opened_live(load(None, environ=os.environ, cwd=desk.folder)) as live:
        planted = live.plant(Access("e.marsh", "B07", datetime.now(UTC), tool="portal"))
        hit_id = live.touch(planted.shown[0].marker, "delete", "e.marsh")
    heading, row = desk("hits", "--class", "touch").ok().lines
    assert heading.split()[0] == "hit"
    assert row.startswith(f"{hit_id} ")
    assert row.endswith("delete by e.marsh")
    shown = desk("hit", "show", hit_id).ok().out
    assert "Touched on the page that was shown to: e.marsh" in shown
    assert f"on page    {planted.access.id}" in shown
    (told,) = desk("hits", "--class", "touch", "--json").json()
    assert told["touch"].items() >= {"action": "delete", "employee": "e.marsh"}.items()
    assert (told["message"], told["probe"]) == (None, None)
    desk("hit", "show", hit_id, "--raw").failed(2, "is a touch")
    assert desk("hits", "--class", "mail", "--jsonl").ok().lines == []
