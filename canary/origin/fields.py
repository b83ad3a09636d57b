"""A message's head becomes its fields, and a field the mailboxes in it, whatever somebody wrote there."""

import re
from dataclasses import dataclass

from canary.mail import one_line
from canary.origin.domains import Name, name_of

HEAD_BYTES = 64 * 1024
"""More than `canary.mail` shows of: what large providers write above a From passes 16 KiB."""

MOST_FIELDS = 1000
VALUE_CHARS = 4000
MOST_MAILBOXES = 20
MOST_PIECES = 200
END = re.compile(rb"\r?\n\r?\n")
NAME = re.compile(rb"[!-9;-~]{1,80}\Z")


@dataclass(frozen=True, slots=True)
class Field:
    """A header field: its name in lower case, its value as bytes with the folds taken out."""

    name: str
    value: bytes

    @property
    def text(self) -> str:
        """Return the value as text, bytes above ASCII read as UTF-8 (RFC 6532), capped, not decoded."""
        return self.value[:VALUE_CHARS].decode("utf-8", "replace").strip()

    @property
    def words(self) -> str:
        """Return the value decoded (RFC 2047) on one line."""
        return one_line(self.value[:VALUE_CHARS].decode("ascii", "surrogateescape"))


@dataclass(frozen=True, slots=True)
class Head:
    """The fields of a head in their order, where the body begins, and whether there was more of it."""

    fields: tuple[Field, ...]
    body_at: int
    capped: bool = False

    def all(self, name: str) -> list[Field]:
        """Return the fields of a lower-case name."""
        return [field for field in self.fields if field.name == name]

    def first(self, name: str) -> Field | None:
        """Return the topmost field of a lower-case name."""
        return next((field for field in self.fields if field.name == name), None)


def head_of(raw: bytes, start: int = 0, most: int = HEAD_BYTES) -> Head:
    """Return the head of a message or part that begins at `start` (RFC 5322 section 2.1).

    Lines that are no field are left out. Never raises; takes time in proportion to `most`.
    """
    found = END.search(raw, max(0, start - 1), start + most)
    if raw[start : start + 1] == b"\n" or raw[start : start + 2] == b"\r\n":
        return Head((), start + (1 if raw[start : start + 1] == b"\n" else 2))
    end, body_at = (found.start(), found.end()) if found else (min(len(raw), start + most), len(raw))
    fields: list[list[bytes]] = []
    lines = raw[start:end].split(b"\n", 4 * MOST_FIELDS)
    for line in lines[: 4 * MOST_FIELDS]:
        if line[:1] in {b" ", b"\t"}:
            if fields:
                fields[-1].append(line.rstrip(b"\r"))
            continue
        name, colon, value = line.partition(b":")
        name = name.rstrip(b" \t")
        if colon and len(fields) < MOST_FIELDS and NAME.match(name):
            fields.append([name, value.rstrip(b"\r")])
    capped = (not found and len(raw) > start + most) or len(lines) > 4 * MOST_FIELDS
    read = tuple(Field(name.decode("ascii").lower(), b"".join(value)) for name, *value in fields)
    return Head(read, body_at, capped or len(read) == MOST_FIELDS)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address in lower case, its domain in ASCII."""

    address: str
    name: Name


def mailboxes(value: str) -> tuple[Mailbox, ...]:
    """Return the mailboxes of an address field not decoded, each once, capped (RFC 5322 section 3.4).

    Comments and quoted strings are taken out first, so that an address in a display name is none.
    """
    pieces = re.split("[,;]", _bare(value[:VALUE_CHARS]), maxsplit=MOST_PIECES)
    if len(value) >= VALUE_CHARS or len(pieces) > MOST_PIECES:
        pieces.pop()  # cut somewhere within
    found = (mailbox_of(piece) for piece in pieces)
    return tuple(dict.fromkeys(each for each in found if each))[:MOST_MAILBOXES]


def mailbox_of(text: str) -> Mailbox | None:
    """Return the one mailbox of a text (`a@b`, `Name <a@b>`); None if there is none."""
    opened = text.rfind("<")
    inner = text[opened + 1 :].partition(">")[0] if opened >= 0 else _word(text)
    local, at, domain = inner.strip().rpartition("@")
    name = name_of(domain) if at else None
    if not name:
        return None
    local = "".join(c for c in local if c.isprintable() and not c.isspace()).rpartition(":")[2]
    return Mailbox(f"{local[:64].lower()}@{name.ascii}", name)


def _word(text: str) -> str:
    return next((word for word in text.split() if "@" in word), "")


def _bare(value: str) -> str:
    """Return an address field without comments and quoted strings (RFC 5322 section 3.2), in one pass."""
    out: list[str] = []
    depth, quoted, escaped = 0, False, False
    for char in value:
        if escaped:
            escaped = False
        elif char == "\\" and (quoted or depth):
            escaped = True
        elif quoted:
            quoted = char != '"'
        elif depth:
            depth += (char == "(") - (char == ")")
        elif char == '"':
            quoted = True
        elif char == "(":
            depth = 1
        else:
            out.append(char)
    return "".join(out)
