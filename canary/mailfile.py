"""Saved mail (.eml, mbox, Maildir) becomes messages whose envelope was not ours."""

import mailbox
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.message import Message as ParsedMessage
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import getaddresses, parsedate_to_datetime
from pathlib import Path

from canary.errors import DataError
from canary.mail import head_of
from canary.model import Message, Peer

RECIPIENT_HEADERS = ("Delivered-To", "X-Original-To", "Envelope-To")
MOST_RECIPIENTS = 1000
UNKNOWN_PEER = Peer("0.0.0.0", 0)  # noqa: S104 - nobody's address, not a bind


def messages_in(path: Path, recipients: Sequence[str], now: datetime) -> Iterator[tuple[str, Message]]:
    """Yield every message of a file or folder with the name of where it stands.

    Recipients are those given, else what the mail host that took it wrote into Delivered-To,
    X-Original-To or Envelope-To; none of them is our own word. Raises DataError.
    """
    for name, raw, received_at in _raw_messages(path):
        parsed = _parsed(raw)
        yield (
            name,
            Message(
                raw=raw,
                mail_from=_sender(parsed),
                recipients=tuple(dict.fromkeys(recipients or _recipients(parsed))),
                peer=UNKNOWN_PEER,
                received_at=_received_at(parsed, received_at or now, now),
                ours=False,
            ),
        )


def _raw_messages(path: Path) -> Iterator[tuple[str, bytes, datetime | None]]:
    try:
        if str(path) == "-":
            yield "-", sys.stdin.buffer.read(), None
        elif path.is_dir():
            for file in _files_of(path):
                yield str(file), file.read_bytes(), _changed(file)
        elif _is_mbox(path):
            box = mailbox.mbox(path, create=False)
            for number, key in enumerate(box.iterkeys(), start=1):
                yield f"{path}#{number}", box.get_bytes(key), None
        else:
            yield str(path), path.read_bytes(), _changed(path)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from None


def _files_of(folder: Path) -> list[Path]:
    """Return a Maildir's messages, or the .eml files of any other folder."""
    maildir = [folder / name for name in ("new", "cur") if (folder / name).is_dir()]
    if maildir:
        return sorted(file for part in maildir for file in part.iterdir() if file.is_file())
    files = sorted(folder.glob("*.eml"))
    if not files:
        raise DataError(f"{folder} is neither a Maildir nor a folder of .eml files")
    return files


def _is_mbox(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(5) == b"From "


def _changed(file: Path) -> datetime:
    return datetime.fromtimestamp(file.stat().st_mtime, UTC)


def _parsed(raw: bytes) -> ParsedMessage:
    return BytesHeaderParser(policy=compat32).parsebytes(head_of(raw) + b"\r\n\r\n")


def _recipients(parsed: ParsedMessage) -> list[str]:
    values = [str(value) for name in RECIPIENT_HEADERS for value in parsed.get_all(name, [])]
    found = [address for _, address in getaddresses(values[:MOST_RECIPIENTS]) if "@" in address]
    return found[:MOST_RECIPIENTS]


def _sender(parsed: ParsedMessage) -> str:
    """Return the envelope sender as the delivering host wrote it down, else the From address."""
    path = parsed.get("Return-Path")
    source = str(parsed.get("From", "")) if path is None else str(path)
    addresses = getaddresses([source[:1000]])
    return addresses[0][1] if addresses else ""


def _received_at(parsed: ParsedMessage, fallback: datetime, now: datetime) -> datetime:
    """Return when the topmost Received line says that it came (RFC 5321 section 4.4), never in the future."""
    lines = parsed.get_all("Received", [])
    try:
        at = parsedate_to_datetime(str(lines[0]).rpartition(";")[2].strip())
    except (IndexError, ValueError, TypeError):
        at = fallback
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return min(at.astimezone(UTC), now)
