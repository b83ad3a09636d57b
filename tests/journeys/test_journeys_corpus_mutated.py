"""Real mails that something went over, and mails made to break readers: kept as they came, and shown."""

import json
import random
import re
import socket
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from canary.alert.blocks import payload
from canary.alert.plain import plain
from canary.demo.slack_limits import fault_of
from canary.investigate import hit_json, hit_lines
from canary.model import Alert, AlertState, Hit
from canary.ports import HitFilter
from tests.journeys.journey_parts import PATIENCE, Home, Serving, initialise, log_rows
from tests.journeys.test_journeys_corpus import CORPUS

EVERY = 8
"""One real mail in so many is mutated."""

AT_ONCE = 32


def nested(depth: int) -> bytes:
    heads = (b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth))
    return b"From: a@b.example\r\nSubject: deep\r\n" + b"".join(heads)


MADE = {
    "empty": b"",
    "a line end": b"\r\n",
    "no line end": b"Subject: a",
    "nuls": b"\x00" * 5000,
    "all bytes": bytes(range(256)) * 40,
    "3,000 nested multiparts": nested(3000),
    "40,000 headers": b"X: y\r\n" * 40_000 + b"\r\nhello\r\n",
    "2,000 subjects": b"Subject: =?utf-8?q?=E2=80=AE=00=1B[2J?=\r\n" * 2000 + b"\r\n",
    "a header of a megabyte": b"Subject: " + b"a" * 1_000_000 + b"\r\n\r\nhello\r\n",
    "a header folded 50,000 times": b"From: a\r\n" + b" b\r\n" * 50_000 + b"\r\n",
    "20,000 encoded words": b"Subject: " + b"=?utf-8?b?8J+Yig==?= " * 20_000 + b"\r\n\r\n",
    "charsets that are none": b"Subject: =?\xff\xfe?q?a?= =?utf-7?q?+AGA-?= =?idna?q?xn--a?=\r\n\r\n",
    "brackets": b"From: " + b"(" * 50_000 + b"<" * 50_000 + b"\r\n\r\n",
    "quotes": b'From: "' + b'\\"' * 50_000 + b"\r\n\r\n",
    "5,000 parts": b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x\r\n\r\na\r\n" * 5000,
    "words for Slack": b"From: <!channel> <https://evil.example|bank>\r\nSubject: `*_~&<>\x1b[31m\r\n\r\n",
    "dots": b".\r\n..\r\n...\r\n" * 100,
    "bare returns": b"Subject: a\rFrom: b\r\rhello\r.\r",
    "bare newlines": b"Subject: a\nFrom: b\n\nhello\n.\n",
}


def flipped(chance: random.Random, raw: bytes) -> bytes:
    """Return bytes of which one bit in 500 is another."""
    number = int.from_bytes(raw)
    for _ in range(len(raw) * 8 // 500 + 1):
        number ^= 1 << chance.randrange(len(raw) * 8)
    return number.to_bytes(len(raw))


MUTATIONS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    flipped,
    lambda _, raw: re.sub(rb"\r?\n", b"\n", raw),
    lambda _, raw: re.sub(rb"\r?\n", b"\r", raw),
    lambda _, raw: re.sub(rb"\r?\n", b"\r\r\n", raw),
    lambda chance, raw: raw[: chance.randrange(len(raw))],
    lambda chance, raw: raw[chance.randrange(len(raw)) :],
    lambda chance, raw: raw.replace(b" ", bytes([chance.randrange(256)])),
    lambda chance, raw: flipped(chance, raw[:600]) + raw[600:],
    lambda chance, raw: b"\n".join(chance.sample(raw.split(b"\n"), raw.count(b"\n") + 1)),
)


def mutated() -> Iterator[bytes]:
    """Yield real mails with one mutation each."""
    chance = random.Random(20261122)  # noqa: S311 - the same mutations each time
    with zipfile.ZipFile(CORPUS) as archive:
        names = [name for name in archive.namelist() if name.endswith(".txt")]
        for number, name in enumerate(names[::EVERY]):
            yield MUTATIONS[number % len(MUTATIONS)](chance, archive.read(name))


@dataclass
class Kept:
    """What was sent to which decoy, what the store has, and the home to look at it from."""

    home: Home
    sent: list[tuple[str, bytes]]
    hits: list[tuple[Hit, bytes]]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    if not CORPUS.is_file():
        pytest.skip(f"NOT TESTED: the corpus of real mail is not at {CORPUS}")
    home = initialise(tmp_path_factory.mktemp("mutated"), "http://127.0.0.1:9/")
    decoys = [*home.plant(log_rows(["e.marsh", "t.okafor"], 2)).values()]
    raws = [*MADE.values(), *mutated()]
    sent = [(decoys[number % len(decoys)], raw) for number, raw in enumerate(raws)]
    with home.serving() as serving:
        by_chunk, by_dot = sent[::2], sent[1::2]
        deliver(serving, [(decoy, b"BDAT %d LAST\r\n%b" % (len(raw), raw)) for decoy, raw in by_chunk], 3)
        ended = [(decoy, raw if raw.endswith(b"\r\n") or not raw else raw + b"\r\n") for decoy, raw in by_dot]
        deliver(serving, [(decoy, b"DATA\r\n" + stuffed(raw)) for decoy, raw in ended], 4)
        assert serving.stop() == 0
    with home.opened() as store:
        hits = [(hit, store.raw_message(hit.message.id)) for hit in store.hits(HitFilter()) if hit.message]
    return Kept(home, [*by_chunk, *ended], hits)


def stuffed(raw: bytes) -> bytes:
    """Return a message as a client sends it (RFC 5321 section 4.5.2)."""
    return (b"\r\n" + raw).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n"


def deliver(serving: Serving, messages: list[tuple[str, bytes]], replies: int) -> None:
    """Send messages over one connection, pipelined, and see each kept."""
    with socket.create_connection((serving.host, serving.port), PATIENCE) as client:
        heard = client.makefile("rb")
        assert heard.readline()[:3] == b"220"
        for at in range(0, len(messages), AT_ONCE):
            together = messages[at : at + AT_ONCE]
            for decoy, content in together:
                opening = f"MAIL FROM:<care@brightpan-care.example>\r\nRCPT TO:<{decoy}>\r\n".encode()
                client.sendall(opening + content)
            said = [heard.readline() for _ in range(replies * len(together))]
            assert {line[:3] for line in said} <= {b"250", b"354"}, said


def test_every_mutated_mail_is_kept_byte_for_byte(kept: Kept) -> None:
    assert len(kept.sent) == -(-600 // EVERY) + len(MADE)
    assert sorted((hit.decoy.address, raw) for hit, raw in kept.hits) == sorted(set(kept.sent))


def test_every_mutated_mail_is_shown_in_printable_lines(kept: Kept) -> None:
    for hit, raw in kept.hits:
        shown = json.loads(json.dumps(hit_json(hit)))
        assert shown["message"]["size"] == len(raw)
        assert all(line.isprintable() for line in hit_lines(hit)), raw[:80]
        assert len("".join(hit_lines(hit))) < 20_000


def test_slack_would_take_an_alert_about_any_mutated_mail(kept: Kept) -> None:
    now = datetime.now(UTC)
    for hit, raw in kept.hits:
        alert = Alert("alr_1", "slack", AlertState.OWED, 0, now, now, hits=(hit,))
        assert fault_of(payload(alert)) == "", raw[:80]
        assert "<!channel>" not in json.dumps(payload(alert))
        assert all(line.isprintable() for line in plain(alert).splitlines()), raw[:80]


def test_the_command_line_shows_the_largest_of_them(kept: Kept) -> None:
    listed = kept.home.json("hits")
    assert len(listed) == len(kept.hits)
    hit = max(listed, key=lambda hit: int(hit["message"]["size"]))
    assert kept.home.run("hit", "show", hit["id"]).replace("\n", "").isprintable()
