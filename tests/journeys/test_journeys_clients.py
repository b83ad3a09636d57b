"""Mail from clients that others wrote, and from a socket that says what it likes."""

import json
import shutil
import smtplib
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pytest

from canary.investigate import hit_json
from canary.ports import HitFilter, Store
from tests.journeys.conftest import moved_in
from tests.journeys.journey_parts import (
    DOMAINS,
    HOSTNAME,
    PATIENCE,
    SENDER,
    Home,
    Serving,
    log_rows,
    mail,
    slack,
    until,
)
from tests.parts import need

EMPLOYEES = ("e.marsh", "t.okafor")
RECORDS = 120
NOBODY = f"jane.nobody.1874@{DOMAINS[0]}"
GIVEAWAYS = ("canary", "python", "aiosmtpd", "asyncio", "smtplib", "decoy", "sqlite")


@dataclass
class Post:
    """A running sink, and decoys that no test has written to yet."""

    home: Home
    serving: Serving
    store: Store
    decoys: list[str] = field(default_factory=list)

    @property
    def server(self) -> str:
        return f"{self.serving.host}:{self.serving.port}"

    def fresh(self) -> str:
        return self.decoys.pop()

    def hits(self, *decoys: str) -> list[dict[str, Any]]:
        """Return the hits on these decoys, first come first, once there are any."""
        until(lambda: self._hits(decoys), f"a hit on {decoys}")
        return self._hits(decoys)

    def _hits(self, decoys: tuple[str, ...]) -> list[dict[str, Any]]:
        hits = reversed([*self.store.hits(HitFilter())])
        return [hit_json(hit) for hit in hits if hit.decoy.address in decoys]

    def raw(self, hit: dict[str, Any]) -> bytes:
        return self.store.raw_message(hit["message"]["id"])


@pytest.fixture(scope="module")
def post(initialised: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    with slack() as told:
        home = moved_in(initialised, tmp_path_factory.mktemp("clients") / "home", told)
        decoys = home.plant(log_rows(EMPLOYEES, RECORDS))
        with home.serving() as serving, home.opened() as store:
            yield Post(home, serving, store, list(decoys.values()))


class Wire:
    """A socket, and everything that was answered."""

    def __init__(self, serving: Serving) -> None:
        self.socket = socket.create_connection((serving.host, serving.port), PATIENCE)
        self.file = self.socket.makefile("rb")
        self.replies: list[str] = []
        self.heard()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        self.socket.close()

    def heard(self) -> str:
        """Return the next whole reply."""
        lines = [self.file.readline().decode()]
        while lines[-1][3:4] == "-":
            lines.append(self.file.readline().decode())
        self.replies.append("".join(lines))
        return self.replies[-1]

    def say(self, *lines: str) -> list[str]:
        """Send lines in one packet and return the reply to each."""
        self.socket.sendall("".join(f"{line}\r\n" for line in lines).encode())
        return [self.heard() for _ in lines]

    def body(self, raw: bytes) -> str:
        self.socket.sendall(raw + b".\r\n")
        return self.heard()


def run(*command: str) -> tuple[int, str]:
    done = subprocess.run(
        command, capture_output=True, stdin=subprocess.DEVNULL, check=False, timeout=PATIENCE
    )
    return done.returncode, (done.stdout + done.stderr).decode(errors="replace")


def the_hit(post: Post, decoy: str, subject: str) -> dict[str, Any]:
    """Return the one hit on a decoy, which a mail with this subject must be."""
    (hit,) = post.hits(decoy)
    assert (hit["class"], hit["deliveries"]) == ("mail", 1)
    assert hit["message"]["subject"] == subject
    assert hit["message"]["mail_from"] == SENDER
    assert hit["message"]["recipients"] == [decoy]
    assert {access["employee"] for access in hit["accesses"]} <= set(EMPLOYEES)
    assert len(hit["accesses"]) == 1
    return hit


def test_smtplib_delivers_to_a_decoy(post: Post) -> None:
    decoy = post.fresh()
    post.serving.mail(decoy, mail("From smtplib"))
    hit = the_hit(post, decoy, "From smtplib")
    assert hit["message"]["helo"] == "mail.brightpan-care.example"
    assert post.raw(hit) == mail("From smtplib")


def test_swaks_delivers_to_a_decoy(post: Post) -> None:
    need(shutil.which("swaks"), "swaks")
    decoy = post.fresh()
    sent = ("--from", SENDER, "--to", decoy, "--header", "Subject: From swaks", "--helo", "swaks.example")
    code, said = run("swaks", "--server", post.server, *sent)
    assert code == 0, said
    assert the_hit(post, decoy, "From swaks")["message"]["helo"] == "swaks.example"


def test_curl_delivers_to_a_decoy(post: Post, tmp_path: Path) -> None:
    need(shutil.which("curl"), "curl")
    decoy, file = post.fresh(), tmp_path / "mail"
    file.write_bytes(mail("From curl", b".\r\n..dots\r\n"))
    code, said = run(*_curl(post, decoy, file))
    assert (code, said) == (0, "")
    hit = the_hit(post, decoy, "From curl")
    assert post.raw(hit) == file.read_bytes()


def test_smtplib_is_refused_for_anyone_else(post: Post) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        post.serving.mail(NOBODY, mail("Nobody"))
    ((code, said),) = refused.value.recipients.values()
    assert code == 550
    assert said.startswith(b"5.1.1 ")


def test_swaks_is_refused_for_anyone_else(post: Post) -> None:
    need(shutil.which("swaks"), "swaks")
    code, said = run("swaks", "--server", post.server, "--from", SENDER, "--to", NOBODY)
    assert code == 24, said
    assert "550 5.1.1" in said


def test_curl_is_refused_for_anyone_else(post: Post, tmp_path: Path) -> None:
    need(shutil.which("curl"), "curl")
    file = tmp_path / "mail"
    file.write_bytes(mail("Nobody"))
    code, said = run(*_curl(post, NOBODY, file))
    assert code == 55, said
    assert "550" in said


def _curl(post: Post, recipient: str, file: Path) -> tuple[str, ...]:
    told = ("--mail-from", SENDER, "--mail-rcpt", recipient, "--upload-file", str(file))
    return ("curl", "-sS", "--noproxy", "*", f"smtp://{post.server}/client.example", *told)


def test_a_hundred_decoys_pipelined_are_a_hundred_hits_of_one_message(post: Post) -> None:
    decoys = [post.fresh() for _ in range(100)]
    with Wire(post.serving) as wire:
        wire.say("EHLO client.example")
        replies = wire.say(f"MAIL FROM:<{SENDER}>", *(f"RCPT TO:<{decoy}>" for decoy in decoys), "DATA")
        assert [reply[:3] for reply in replies] == ["250"] * 101 + ["354"]
        assert wire.body(mail("To a hundred")).startswith("250 ")
    hits = post.hits(*decoys)
    assert {hit["decoy"]["address"] for hit in hits} == set(decoys)
    assert len(hits) == len(decoys)
    assert len({hit["message"]["id"] for hit in hits}) == 1
    assert {hit["deliveries"] for hit in hits} == {1}
    assert hits[0]["message"]["recipients"] == decoys


def test_two_decoys_in_one_mail_are_a_hit_on_each(post: Post) -> None:
    first, second = post.fresh(), post.fresh()
    post.serving.mail([first, second], mail("To two"))
    hits = post.hits(first, second)
    assert sorted(hit["decoy"]["address"] for hit in hits) == sorted([first, second])
    assert len({hit["message"]["id"] for hit in hits}) == 1


def test_a_decoy_among_strangers_is_hit_alone(post: Post) -> None:
    decoy = post.fresh()
    with post.serving.client() as client:
        refused = client.sendmail(SENDER, [NOBODY, decoy], mail("Among strangers"))
    assert {address: code for address, (code, _) in refused.items()} == {NOBODY: 550}
    the_hit(post, decoy, "Among strangers")


def test_a_second_mail_inherits_no_recipients(post: Post) -> None:
    first, second = post.fresh(), post.fresh()
    with post.serving.client() as client:
        client.sendmail(SENDER, [first], mail("The first"))
        client.sendmail(SENDER, [second], mail("The second"))
    the_hit(post, first, "The first")
    the_hit(post, second, "The second")


def test_a_transaction_that_is_reset_leaves_nothing_to_the_next(post: Post) -> None:
    first, second = post.fresh(), post.fresh()
    with Wire(post.serving) as wire:
        wire.say("EHLO client.example", "MAIL FROM:<other@seller.example>", f"RCPT TO:<{first}>", "RSET")
        wire.say(f"MAIL FROM:<{SENDER}>", f"RCPT TO:<{second}>", "DATA")
        assert wire.body(mail("After RSET")).startswith("250 ")
    the_hit(post, second, "After RSET")
    (probe,) = post.hits(first)
    assert (probe["class"], probe["message"]) == ("probe", None)


def test_a_null_sender_is_kept_as_one(post: Post) -> None:
    decoy = post.fresh()
    post.serving.mail(decoy, mail("Undeliverable"), sender="")
    (hit,) = post.hits(decoy)
    assert hit["message"]["mail_from"] == ""
    assert len(hit["accesses"]) == 1


def test_an_internationalised_sender_is_kept_as_written(post: Post) -> None:
    decoy, sender = post.fresh(), "josé.bücher@händler.example"
    raw = "Subject: Grüße\r\n\r\nHätten Sie Zeit?\r\n".encode()
    with post.serving.client() as client:
        client.sendmail(sender, [decoy], raw, ["SMTPUTF8", "BODY=8BITMIME"])
    (hit,) = post.hits(decoy)
    assert hit["message"]["mail_from"] == sender
    assert hit["message"]["subject"] == "Grüße"
    assert post.raw(hit) == raw


@pytest.mark.parametrize("spelled", ["upper", "tagged"])
def test_a_decoy_spelled_otherwise_is_the_same_decoy(post: Post, spelled: str) -> None:
    decoy = post.fresh()
    local, _, domain = decoy.partition("@")
    written = decoy.upper() if spelled == "upper" else f"{local}+list@{domain}"
    post.serving.mail(written, mail(f"Spelled {spelled}"))
    (hit,) = post.hits(decoy)
    assert hit["message"]["recipients"] == [written]


def test_naming_a_decoy_and_leaving_is_a_probe(post: Post) -> None:
    decoy = post.fresh()
    with Wire(post.serving) as wire:
        replies = wire.say("EHLO verify.example", "MAIL FROM:<check@verify.example>", f"RCPT TO:<{decoy}>")
        assert replies[-1].startswith("250 ")
        assert wire.say("QUIT")[0].startswith("221 ")
    (hit,) = post.hits(decoy)
    assert (hit["class"], hit["message"]) == ("probe", None)
    assert hit["probe"]["verb"] == "RCPT"
    assert hit["probe"]["mail_from"] == "check@verify.example"
    assert len(hit["accesses"]) == 1


def test_mail_to_a_control_is_a_hit_that_nobody_is_told_of(post: Post) -> None:
    (control,) = post.home.json("mint", "--control", "1")
    post.serving.mail(control["address"], mail("To a control"))
    (hit,) = post.hits(control["address"])
    assert hit["decoy"]["control"] is True
    assert hit["accesses"] == []
    alerted = {one.id for alert in post.store.alerts() for one in alert.hits}
    assert hit["id"] not in alerted


def test_no_reply_names_the_software(post: Post) -> None:
    decoy = post.fresh()
    with Wire(post.serving) as wire:
        for line in (
            *("EHLO a.example", "HELO a.example", "NOOP", "HELP", "VRFY nobody", f"VRFY {decoy}", "EXPN x"),
            *("AUTH PLAIN AAAA", "STARTTLS", "XCLIENT", "MAIL FROM:<", "MAIL FROM:<a@b.example> X=Y"),
            *("RCPT TO:<x@y.example>", "DATA", "BDAT 0 LAST", "\x00\x01", f"MAIL FROM:<{SENDER}>"),
            *(f"RCPT TO:<{NOBODY}>", f"RCPT TO:<{decoy}>", "DATA"),
        ):
            wire.say(line)
        wire.body(mail("Whoever you are"))
        wire.say("QUIT")
        assert wire.replies[0] == f"220 {HOSTNAME} ESMTP Postfix\r\n"
        said = json.dumps(wire.replies).lower()
    assert wire.replies[-2].startswith("250 2.0.0 Ok: queued as ")
    assert [word for word in GIVEAWAYS if word in said] == []


def test_half_a_message_is_no_message(post: Post) -> None:
    decoy = post.fresh()
    with Wire(post.serving) as wire:
        wire.say("EHLO client.example", f"MAIL FROM:<{SENDER}>", f"RCPT TO:<{decoy}>", "DATA")
        wire.socket.sendall(b"Subject: cut o")
    with Wire(post.serving) as wire:
        wire.say("QUIT")
    (hit,) = until(lambda: post.hits(decoy), "the probe is kept")
    assert (hit["class"], hit["message"], hit["probe"]["verb"]) == ("probe", None, "DATA")
