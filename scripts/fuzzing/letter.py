"""A message's bytes go where they go after DATA: into the store, an alert, and what is shown of the hit.

An input is a byte of choices, then sender, HELO, another recipient and a line of the session, each ended
by 0xFF, and then the message. The strings may hold anything: a worker that was taken over could say it.
"""

import atexit
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from canary import keyring
from canary.alert.blocks import PAYLOAD_BYTES, payload, size
from canary.alert.plain import plain
from canary.cli.output import json_text, printable
from canary.demo.slack_limits import fault_of
from canary.investigate import hit_json, hit_lines
from canary.mail import VALUE_CHARS, headers_of
from canary.mailfile import messages_in
from canary.mint import Minter, MintPolicy
from canary.model import Access, Alert, AlertState, BaseRate, Decoy, Hit, Message, Peer, Probe, Trace, Verb
from canary.persona import NaturalGenerator
from canary.plant import Planter
from canary.ports import Owing
from canary.store import SqliteStore, create_store, open_store
from canary.watch.keeping import keep_message, keep_probe
from scripts.fuzzing.finding import hold

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
KEPT_AT_MOST = 2000
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
RATE = BaseRate(decoys=3, controls=200, strays=5)
CLICKABLE = re.compile(r"https?://|\bmailto:", re.IGNORECASE)
PIECE = 64
FIELDS = 4
ELSEWHERE, PROBED, FILED, IN_PIECES, TOLD = 8, 16, 32, 64, 128
SEVERAL = 6
"""Bits of the first byte; the three lowest say which decoys were named."""


@dataclass(frozen=True)
class Pieces:
    """A body that comes in pieces."""

    raw: bytes

    def __len__(self) -> int:
        """Return how long it is."""
        return len(self.raw)

    def chunks(self) -> Iterator[bytes]:
        """Give its pieces."""
        for at in range(0, len(self.raw), PIECE):
            yield self.raw[at : at + PIECE]


class Laboratory:
    """A store with two decoys and a control, made anew when it has kept much."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="fuzz-", dir=MEMORY if MEMORY.is_dir() else None)
        self._keys = keyring.generate()
        self._store: SqliteStore | None = None
        self._kept = 0
        self.decoys: tuple[Decoy, ...] = ()
        atexit.register(self.close)

    @property
    def folder(self) -> Path:
        """Return where files may be put."""
        return Path(self._folder.name)

    def store(self) -> SqliteStore:
        """Return a store that has not kept too much."""
        self._kept += 1
        if self._store is None or self._kept > KEPT_AT_MOST:
            self._renew()
        if self._store is None:
            raise RuntimeError("no store")
        return self._store

    def close(self) -> None:
        """Let go of it."""
        if self._store is not None:
            self._store.close()
            self._store = None
        self._folder.cleanup()

    def _renew(self) -> None:
        if self._store is not None:
            self._store.close()
        for old in self.folder.iterdir():
            old.unlink()
        path = self.folder / "canary.db"
        create_store(path, self._keys)
        self._store = store = open_store(path, self._keys, owing=Owing(("slack",)), clock=lambda: NOW)
        draw = self._keys.draw
        minter = Minter(MintPolicy((("one.example", 1.0),)), NaturalGenerator(draw, floor_bits=24), draw)
        planter = Planter(store, minter, lambda: NOW)
        shown = [
            planter.plant(Access("e.marsh", record, NOW - timedelta(days=3))).decoys[0]
            for record in ("B07QX4T2LM", "B01AB2C3DE")
        ]
        self.decoys = (*shown, *planter.mint_controls(1))
        self._kept = 0


_laboratory: Laboratory | None = None


def laboratory() -> Laboratory:
    """Return this process's own."""
    global _laboratory  # noqa: PLW0603 - a store takes longer to make than a thousand messages to keep
    if _laboratory is None:
        _laboratory = Laboratory()
    return _laboratory


def run(data: bytes) -> None:
    """Keep what an input says and look at it in every way. Raises Finding and whatever goes wrong."""
    if not data:
        return
    choices, rest = data[0], data[1:]
    *told, raw = rest.split(b"\xff", FIELDS) if rest.count(b"\xff") >= FIELDS else [*[b""] * FIELDS, rest]
    _look_at_headers(raw)
    store = laboratory().store()
    decoys = laboratory().decoys
    words = [each.decode("utf-8", "replace") for each in told]
    named = [decoys[n].address for n in range(3) if choices >> n & 1] or [decoys[0].address]
    arrival = _arrival(choices, words, named, raw)
    kept = keep_probe(store, arrival) if isinstance(arrival, Probe) else keep_message(store, arrival)
    hits = [store.hit(hit_id) for hit_id in kept.hit_ids]
    hold(len(hits) == (1 if isinstance(arrival, Probe) else len(named)), "a hit for each decoy", kept)
    for hit in hits:
        if hit.message is not None:
            hold(store.raw_message(hit.message.id) == raw, "what is kept is what came")
            hold(b"".join(store.raw_chunks(hit.message.id)) == raw, "what is kept is what came")
        _look_at(hit)
    if choices & TOLD:
        alert = Alert("alr_1", "slack", AlertState.OWED, 0, NOW, NOW, tuple(hits), base_rate=RATE)
        _tell(replace(alert, earlier=3) if choices & SEVERAL else alert)


def _arrival(choices: int, words: list[str], named: list[str], raw: bytes) -> Message | Probe:
    sender, helo, other, line = words
    peer = Peer(helo if choices & ELSEWHERE else "192.0.2.7", 41234, helo, name=other, server_name=line)
    trace = Trace("mx.example.net", "ESMTP", line[:20], (line, helo))
    if choices & PROBED:
        tried = tuple(filter(None, (other, line)))
        return Probe(named[0], Verb.RCPT, sender, peer, NOW, len(tried), tried, trace)
    if choices & FILED:
        file = laboratory().folder / "mail.eml"
        file.write_bytes(raw)
        with suppress(ValueError):
            ((_, message),) = messages_in(file, named, NOW)
            if message.recipients and message.raw == raw:
                return message
    recipients = (*named, *([other] if other else []))
    body = Pieces(raw) if choices & IN_PIECES else raw
    return Message(body, sender, recipients, peer, NOW, options=(line,) if line else (), trace=trace)


def _look_at_headers(raw: bytes) -> None:
    headers = headers_of(raw)
    for value in (headers.sender, headers.subject, headers.date, headers.message_id):
        hold(len(value) <= VALUE_CHARS and value.isprintable(), "a header is one printable line", value)


def _look_at(hit: Hit) -> None:
    for line in hit_lines(hit):
        hold(printable(line).isprintable(), "a line moves no cursor", line)
    body = hit_json(hit)
    text = json_text(body, indent=2)
    hold(text.replace("\n", "").isprintable(), "JSON moves no cursor")
    hold(json.loads(text) == json.loads(json.dumps(body)) == body, "JSON says what is")
    text.encode()


def _tell(alert: Alert) -> None:
    message = payload(alert)
    fault = fault_of(message)
    hold(not fault, "Slack takes every alert", fault)
    hold(size(message) < PAYLOAD_BYTES, "an alert is short enough", size(message))
    hold("blocks" in message, "an alert is told with blocks")
    for text in _texts(message):
        _shown(text)
        hold("<" not in text and ">" not in text, "nobody writes Slack's marks", text)
    _shown(plain(alert))


def _shown(text: str) -> None:
    hold(text.replace("\n", "").isprintable(), "an alert moves no cursor", text)
    found = CLICKABLE.search(text)
    hold(
        not found,
        "nothing in an alert is clickable",
        text[max(0, found.start() - 20) :][:80] if found else "",
    )
    text.encode()


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, str):
        yield value
