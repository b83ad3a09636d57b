"""`canary ingest`: saved mail of every kind, and mail that was written to break it."""

import mailbox
from pathlib import Path

import pytest

from tests.cli.conftest import Desk

MAIL = (
    "Return-Path: <care@seller.example>\n"
    "Delivered-To: {address}\n"
    "Received: from mail.seller.example by mx.elsewhere.example; Sat, 21 Nov 2026 10:30:00 +0000\n"
    "From: Care <care@seller.example>\n"
    "Subject: About your review\n"
    "\n"
    "Please change it.\n"
)


def deliveries(desk: Desk) -> list[int]:
    return [hit["deliveries"] for hit in desk("hits", "--json").json()]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_an_eml_file_is_attributed_and_the_verdict_says_whose_envelope_it_was(
    desk: Desk, line_end: str
) -> None:
    address = desk.address()
    desk.write("m.eml", MAIL.format(address=address).replace("\n", line_end))
    assert desk("ingest", "m.eml").ok().out == "m.eml: hit_1 (1 new)\n"
    (hit,) = desk("hits", "--json").json()
    assert any("the envelope was not ours" in reason for reason in hit["reasons"])
    assert hit["message"]["envelope_ours"] is False
    assert hit["message"]["mail_from"] == "care@seller.example"
    assert hit["at"] == "2026-11-21T10:30:00Z"
    assert [access["employee"] for access in hit["accesses"]] == ["e.marsh"]
    assert "(not by us)" in desk("hit", "show", "hit_1").ok().out
    raw = desk("hit", "show", "hit_1", "--raw").ok().raw
    assert raw == (desk.folder / "m.eml").read_bytes()


def test_the_same_file_twice_is_one_hit_and_one_delivery(desk: Desk) -> None:
    desk.write("m.eml", MAIL.format(address=desk.address()))
    assert desk("ingest", "m.eml", "m.eml").ok().lines == ["m.eml: hit_1 (1 new)", "m.eml: hit_1 (0 new)"]
    assert desk("ingest", "m.eml", "--json").json() == [{"file": "m.eml", "hits": ["hit_1"], "new": 0}]
    assert deliveries(desk) == [1]


def test_an_mbox_is_read_message_by_message(desk: Desk) -> None:
    first, second = desk.address("a"), desk.address("b")
    box = mailbox.mbox(desk.folder / "saved.mbox")
    for address in (first, "stranger@elsewhere.example", second):
        box.add(MAIL.format(address=address).encode())
    box.close()
    expected = ["hit_1 (1 new)", "no decoy among the recipients", "hit_2 (1 new)"]
    told = [f"saved.mbox#{number}: {what}" for number, what in enumerate(expected, start=1)]
    assert desk("ingest", "saved.mbox").ok().lines == told
    piped = desk("ingest", "-", stdin=(desk.folder / "saved.mbox").read_bytes()).ok()
    assert piped.lines[0] == "standard input#1: hit_1 (0 new)"
    assert deliveries(desk) == [1, 1]


def test_a_maildir_is_read_new_and_seen(desk: Desk) -> None:
    box = mailbox.Maildir(desk.folder / "Maildir")
    box.add(MAIL.format(address=desk.address("a")).encode())
    seen = mailbox.MaildirMessage(MAIL.format(address=desk.address("b")).encode())
    seen.set_subdir("cur")
    box.add(seen)
    assert desk("ingest", "Maildir").ok().out.count("(1 new)") == 2


def test_a_folder_of_eml_files_is_read_in_order(desk: Desk) -> None:
    folder = desk.folder / "saved"
    folder.mkdir()
    (folder / "1.eml").write_text(MAIL.format(address=desk.address("a")))
    (folder / "2.EML").write_text(MAIL.format(address=desk.address("b")))
    (folder / "notes.txt").write_text("no mail")
    assert desk("ingest", folder).ok().lines == [
        f"{folder}/1.eml: hit_1 (1 new)",
        f"{folder}/2.EML: hit_2 (1 new)",
    ]
    (desk.folder / "empty").mkdir()
    desk("ingest", "empty").failed(65, "neither a Maildir nor a folder of .eml files")


def test_mail_comes_through_a_pipe(desk: Desk) -> None:
    mail = MAIL.format(address=desk.address()).encode()
    assert desk("ingest", "-", stdin=mail).ok().out == "standard input: hit_1 (1 new)\n"


def test_a_named_pipe_is_read_once_and_whole(desk: Desk) -> None:
    import os  # noqa: PLC0415 - only here
    import threading  # noqa: PLC0415 - only here

    pipe = desk.folder / "pipe"
    os.mkfifo(pipe)
    mail = MAIL.format(address=desk.address()).encode()
    writer = threading.Thread(target=pipe.write_bytes, args=(mail,))
    writer.start()
    assert desk("ingest", pipe).ok().out == f"{pipe}: hit_1 (1 new)\n"
    writer.join()


@pytest.mark.parametrize(
    "headers",
    [
        "Delivered-To: {a}\nReceived: from x.example\nDelivered-To: {b}",
        (
            "Delivered-To: archive@corp.example\nReceived: from y.example\nDelivered-To: {a}\n"
            "Received: from x.example\nEnvelope-To: {b}"
        ),
    ],
)
def test_what_stands_below_another_hosts_line_can_be_the_senders_and_frames_nobody(
    desk: Desk, headers: str
) -> None:
    a, b = desk.address("a"), desk.address("b")
    desk.write("m.eml", f"{headers.format(a=a, b=b)}\nSubject: hi\n\nhello\n")
    desk("ingest", "m.eml").ok()
    assert [hit["decoy"]["address"] for hit in desk("hits", "--json").json()] == [a]


@pytest.mark.parametrize(
    "headers",
    [
        "Delivered-To: {a}\nDelivered-To: {b}",
        "X-Original-To: {a}\nEnvelope-To: {b}",
        "Envelope-To: {a}, <{b}>",
        "delivered-to: Somebody <{a}>\nX-ORIGINAL-TO:\n {b}",
    ],
)
def test_recipients_are_whom_the_host_delivered_to(desk: Desk, headers: str) -> None:
    a, b = desk.address("a"), desk.address("b")
    desk.write("m.eml", f"{headers.format(a=a, b=b)}\nTo: {desk.address('c')}\n\nhello\n")
    desk("ingest", "m.eml").ok()
    hits = desk("hits", "--json").json()
    assert {hit["decoy"]["address"] for hit in hits} == {a, b}


def test_whom_it_was_delivered_to_may_be_said(desk: Desk) -> None:
    a, b = desk.address("a"), desk.address("b")
    desk.write("m.eml", f"Delivered-To: {a}\n\nhello\n")
    desk("ingest", "m.eml", "--rcpt", b, "--rcpt", b.upper()).ok()
    (hit,) = desk("hits", "--json").json()
    assert hit["decoy"]["address"] == b


def test_mail_without_a_recipient_is_told_and_the_rest_attributed(desk: Desk) -> None:
    desk.write("none.eml", f"To: {desk.address()}\n\nhello\n")
    desk.write("some.eml", MAIL.format(address=desk.address()))
    desk.write("empty.eml", "")
    done = desk("ingest", "none.eml", "some.eml", "empty.eml")
    done.failed(65, "2 messages without a word of whom", hint="--rcpt ADDRESS")
    assert done.err.startswith("canary: no alert channel in this configuration")
    assert "\nnone.eml: names no recipient\nempty.eml: is empty\n" in done.err
    assert done.out == "some.eml: hit_1 (1 new)\n"


def test_mail_to_nobody_of_ours_is_not_kept(desk: Desk) -> None:
    desk.write("m.eml", MAIL.format(address="somebody@elsewhere.example"))
    assert desk("ingest", "m.eml").ok().out == "m.eml: no decoy among the recipients\n"
    assert desk("status", "--json").json()["messages"] == 0


@pytest.mark.parametrize("sender", ["Return-Path: <>\n", "", "From: \n", "Return-Path: \xff\xfe\n"])
def test_mail_without_a_sender_is_as_one_with_a_null_sender(desk: Desk, sender: str) -> None:
    mail = f"{sender}Delivered-To: {desk.address()}\n\nhello\n".encode("latin-1")
    desk("ingest", "-", stdin=mail).ok()
    (hit,) = desk("hits", "--json").json()
    assert hit["class"] in {"bounce", "mail"}


def test_an_internationalised_sender_is_kept_as_written(desk: Desk) -> None:
    mail = f"Return-Path: <grüße@seller.example>\nDelivered-To: {desk.address()}\n\nhello\n"
    desk("ingest", "-", stdin=mail.encode()).ok()
    (hit,) = desk("hits", "--json").json()
    assert hit["message"]["mail_from"] == "grüße@seller.example"


HOSTILE = {
    "eight bits": b"From: \xff\xfe\x80 <a@b.example>\nSubject: \xc3\x28 \xf0\x9f\n",
    "unknown charset": b"Subject: =?nonsense?B?AAAA?= =?utf-8?Q?=FF=FE?= =?utf-8?B?A?=\n",
    "huge": b"Subject: " + b"A" * 300_000 + b"\n",
    "many": b"".join(b"X-%d: x\n" % number for number in range(50_000)),
    "quotes": b"From: " + b'"' * 50_000 + b"\nReturn-Path: " + b"<(" * 50_000 + b"\n",
    "commas": b"X-Original-To: " + b"," * 60_000 + b"\n",
    "backslashes": b"Return-Path: " + b"\\" * 60_000 + b"\n",
    "no colon": b"this is no header\n\x00\x00\n",
    "date of words": b"Received: by x; some time ago\n",
    "date of a large year": b"Received: by x; Sat, 21 Nov 99999999999999999999 10:30:00 +0000\n",
    "date of year 1": b"Received: by x; Sat, 1 Jan 0001 00:00:00 +2359\n",
    "date of a large offset": b"Received: by x; Sat, 21 Nov 2026 10:30:00 +99999999\n",
    "date of many digits": b"Received: by x; " + b"9" * 5000 + b"\n",
    "date in the future": b"Received: by x; Sat, 21 Nov 2999 10:30:00 +0000\n",
    "carriage returns": b"From: a\r\r\n b\r@c.example\r\nSubject: x\ry\r\n",
    "separators": "Subject: a\x85b\u2028c\n".encode(),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_headers_do_not_break_it(desk: Desk, name: str) -> None:
    address = desk.address()
    raw = b"Delivered-To: %s\n%s\nhello\n" % (address.encode(), HOSTILE[name])
    path = desk.write("m.eml", raw)
    assert desk("ingest", "m.eml").ok().out == "m.eml: hit_1 (1 new)\n"
    (hit,) = desk("hits", "--json").json()
    assert hit["at"] > "1"
    assert not hit["at"].startswith("2999")
    for arguments in (["hits"], ["hit", "show", "hit_1"]):
        desk(*arguments).ok()
    assert desk("hit", "show", "hit_1", "--raw").raw == Path(path).read_bytes()
