"""Saved mail (.eml, mbox, Maildir) becomes messages whose envelope was not ours."""

import mailbox
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from email.errors import MessageError
from email.message import Message as ParsedMessage
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import getaddresses, parsedate_to_datetime
from pathlib import Path

from canary.errors import DataError
from canary.mail import head_of
from canary.model import Message, Peer

RECIPIENT_HEADERS = frozenset({"delivered-to", "x-original-to", "envelope-to"})
MOST_RECIPIENTS = 1000
MOST_CHARS = 4000
MBOX = b"From "
UNKNOWN_PEER = Peer("", 0)

Ours = Callable[[Sequence[str]], bool]
"""Says whether any of some recipients is ours."""

Saved = tuple[str, bytes, datetime | None]
"""Where a message stands, its bytes, and when its file was last changed where that says something."""


def messages_in(
    path: Path, recipients: Sequence[str], now: datetime, ours: Ours = bool
) -> Iterator[tuple[str, Message]]:
    """Yield every message of a file or folder with the name of where it stands; `-` is standard input.

    Recipients are those given, else what a mail host that took it wrote into Delivered-To, X-Original-To or
    Envelope-To; none of them is our own word. A host writes above what was there, so of several only the
    uppermost that has any who is `ours` is believed: what is below can be the sender's own. Empty files have
    none. Raises DataError.
    """
    for name, raw, changed_at in _saved(path):
        told = recipients if raw.strip() else ()
        parsed = BytesHeaderParser(policy=compat32).parsebytes(head_of(raw) + b"\r\n\r\n")
        yield (
            name,
            Message(
                raw=raw,
                mail_from=_sender(parsed),
                recipients=tuple(dict.fromkeys(told or _recipients(parsed, ours))),
                peer=UNKNOWN_PEER,
                received_at=_received_at(parsed, changed_at or now, now),
                ours=False,
            ),
        )


def _saved(path: Path) -> Iterator[Saved]:
    try:
        if str(path) == "-":
            yield from _piped(sys.stdin.buffer.read(), "standard input")
        elif path.is_dir():
            for file in _files_of(path):
                yield str(file), file.read_bytes(), _changed(file)
        elif not path.is_file():
            yield from _piped(path.read_bytes(), str(path))
        elif _is_mbox(path):
            yield from _in_mbox(path, str(path))
        else:
            yield str(path), path.read_bytes(), _changed(path)
    except OSError as error:
        raise DataError(f"cannot read {error.filename or path}: {error.strerror}") from None


def _piped(raw: bytes, name: str) -> Iterator[Saved]:
    if not raw.startswith(MBOX):
        yield name, raw, None
        return
    with tempfile.NamedTemporaryFile() as file:
        file.write(raw)
        file.flush()
        yield from _in_mbox(Path(file.name), name)


def _in_mbox(path: Path, name: str) -> Iterator[Saved]:
    box = mailbox.mbox(path, create=False)
    try:
        for number, key in enumerate(box.iterkeys(), start=1):
            yield f"{name}#{number}", box.get_bytes(key), None
    finally:
        box.close()


def _files_of(folder: Path) -> list[Path]:
    """Return a Maildir's messages, or the .eml files of any other folder."""
    maildir = [folder / name for name in ("new", "cur") if (folder / name).is_dir()]
    if maildir:
        return sorted(file for part in maildir for file in part.iterdir() if file.is_file())
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() == ".eml")
    if not files:
        raise DataError(f"{folder} is neither a Maildir nor a folder of .eml files")
    return files


def _is_mbox(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(MBOX)) == MBOX


def _changed(file: Path) -> datetime:
    return datetime.fromtimestamp(file.stat().st_mtime, UTC)


def _recipients(parsed: ParsedMessage, ours: Ours) -> list[str]:
    """Return the recipients that one host wrote down: the last whose are ours, else the last of all."""
    blocks = list(_blocks(parsed))
    return next((block for block in blocks if ours(block)), blocks[0] if blocks else [])


def _blocks(parsed: ParsedMessage) -> Iterator[list[str]]:
    """Yield the recipients that stand between two Received lines, the uppermost ones first."""
    values: list[list[str]] = [[]]
    for name, value in _decoded(parsed):
        if name == "received":
            values.append([])
        elif name in RECIPIENT_HEADERS:
            values[-1].append(value)
    for block in values:
        found = [one for value in block[:MOST_RECIPIENTS] for one in _addresses(value) if "@" in one]
        if found:
            yield found[:MOST_RECIPIENTS]


def _sender(parsed: ParsedMessage) -> str:
    """Return the envelope sender as the delivering host wrote it down, else the From address."""
    sources = _values(parsed, "Return-Path") or _values(parsed, "From")
    addresses = _addresses(sources[0]) if sources else []
    return addresses[0] if addresses else ""


def _values(parsed: ParsedMessage, name: str) -> list[str]:
    return [value for key, value in _decoded(parsed) if key == name.lower()]


def _decoded(parsed: ParsedMessage) -> Iterator[tuple[str, str]]:
    """Yield the headers, names in lower case, bytes above ASCII read as UTF-8 (RFC 6532)."""
    for key, value in parsed.raw_items():
        yield key.lower(), str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _addresses(value: str) -> list[str]:
    """Return the addresses in a header on one line each; none of what cannot be read."""
    try:
        found = getaddresses([value[:MOST_CHARS]])
    except (MessageError, ValueError, LookupError, RecursionError):
        return []
    return ["".join(c for c in address if c.isprintable()) for _, address in found]


def _received_at(parsed: ParsedMessage, fallback: datetime, now: datetime) -> datetime:
    """Return when the topmost Received line says that it came (RFC 5321 section 4.4), never in the future."""
    lines = _values(parsed, "Received")
    try:
        at = parsedate_to_datetime(lines[0][-MOST_CHARS:].rpartition(";")[2].strip())
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (IndexError, ValueError, TypeError, OverflowError):
        at = fallback
    return min(at, now)
