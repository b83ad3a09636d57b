"""Phrases and habits of one kind of mail host become what ours says under a name of its own."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """What a kind of host says, with the enhanced codes (RFC 3463) it gives.

    `{host}` is the name we go by. Where one of these stands in a phrase it is filled in when it is said:
    `{address}` as it was parsed, `{said}` as it was written, `{option}`, `{ip}` and `{name}` of the client,
    `{size}` of a chunk, `{total}` of all chunks, `{id}` of the message.
    """

    greeting: str
    helo: str
    ehlo: str
    ok: str
    reset: str
    bye: str
    sender_ok: str
    recipient_ok: str
    verified: str
    help: str
    go_ahead: str
    ready_for_tls: str
    queued: str
    chunks_queued: str
    chunk_taken: str

    unknown_command: str
    empty_command: str
    bad_utf8: str
    nul: str
    not_smtp: str
    expansion: str
    turn_queue: str
    turn_queue_syntax: str
    turn_queue_invalid: str
    turn_queue_in_mail: str
    no_authentication: str
    no_proxying: str
    xclient_syntax: str
    xforward_syntax: str
    tls_active: str
    no_tls: str

    helo_syntax: str
    ehlo_syntax: str
    mail_syntax: str
    mail_empty: str
    rcpt_syntax: str
    rcpt_empty: str
    vrfy_syntax: str
    data_syntax: str
    rset_syntax: str
    quit_syntax: str
    starttls_syntax: str
    chunk_syntax: str

    bad_sender: str
    bad_recipient: str
    bad_verified: str
    literal: str
    bad_domain: str
    unqualified_sender: str
    unqualified_recipient: str
    bad_size: str
    absurd_size: str
    bad_body: str
    bad_ret: str
    bad_envid: str
    bad_notify: str
    bad_orcpt: str
    no_utf8: str
    unsupported: str
    announced_too_big: str

    need_helo: str
    nested_mail: str
    need_mail: str
    need_rcpt: str
    no_recipients: str
    no_recipients_left: str
    all_refused: str
    mail_after_chunk: str
    rcpt_after_chunk: str
    data_after_chunk: str
    empty_chunk: str
    chunk_too_big: str
    chunk_discarded: str
    chunk_without_mail: str
    chunk_without_recipients: str

    user_unknown: str
    relay_denied: str
    routed: str
    greylisted: str
    lookup_failed: str
    too_many_recipients: str
    too_much_mail: str
    too_many_names: str

    too_big: str
    no_room: str
    not_kept: str
    too_many_unknown: str
    too_many_mistakes: str
    too_many_idle: str
    too_many_errors: str
    too_many_connections: str
    timeout_exceeded: str
    closing: str
    server_error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How a kind of host behaves; what is 0 does not happen.

    After EHLO it names `extensions` in their order, `SIZE` and `STARTTLS` among them. `mistakes` holds the
    codes that count as errors: at `sink.limits.errors` of them the client has to go, and from half of them
    on every reply is `slowness` seconds late. After more than `unknown_limit` unknown commands,
    `mistake_limit` mistakes or `idle_limit` commands that bring no mail forward it has to go at once.
    """

    extensions: tuple[str, ...]
    helo_required: bool = False
    strict_verbs: bool = False
    strict_names: bool = False
    strict_utf8: bool = False
    strict_options: bool = False
    ends_at_bad_chunk: bool = True
    remembers_bad_chunk: bool = True
    bare_local: bool = True
    routing: str = ""
    leading_dot: bool = True
    tells_who_is_there: bool = True
    web_words: frozenset[str] = frozenset()
    mistakes: str = "45"
    unknown_limit: int = 0
    mistake_limit: int = 0
    idle_limit: int = 0
    junk_limit: int = 100
    slowness: float = 0.0


class Words:
    """What our host says when it goes by one name, and how it behaves."""

    __slots__ = ("_queue_id", "habits", "hostname", "phrases")

    def __init__(self, phrases: Phrases, habits: Habits, queue_id: Callable[[], str], hostname: str) -> None:
        named = {f.name: getattr(phrases, f.name).replace("{host}", hostname) for f in fields(phrases)}
        self.phrases = replace(phrases, **named)
        self.habits = habits
        self.hostname = hostname
        self._queue_id = queue_id

    def greeting(self) -> str:
        """Return the banner."""
        now = datetime.now(UTC)
        return self.phrases.greeting.format(date=f"{now:%a, %d %b %Y %H:%M:%S} +0000")

    def extensions(self, name: str, ip: str, max_message: int, *, tls: bool) -> str:
        """Return the answer to EHLO (RFC 5321 section 4.1.1.1), `tls` saying whether to offer STARTTLS."""
        lines = [self.phrases.ehlo.format(name=name, ip=ip)]
        for each in self.habits.extensions:
            if each == "SIZE":
                lines.append(f"250-SIZE {max_message}")
            elif each != "STARTTLS" or tls:
                lines.append(f"250-{each}")
        lines[-1] = f"250 {lines[-1][4:]}"
        return "\r\n".join(lines)

    def lmtp_extensions(self, max_message: int, *, tls: bool) -> str:
        """Return the answer to LHLO (RFC 2033 section 4.1), which only hosts of ours get to see."""
        said = ["PIPELINING", f"SIZE {max_message}", *(["STARTTLS"] if tls else []), "ENHANCEDSTATUSCODES"]
        said += ["8BITMIME", "DSN", "SMTPUTF8", "CHUNKING"]
        said += ["XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE"]
        return "\r\n".join(
            [f"250-{self.hostname}", *(f"250-{each}" for each in said[:-1]), f"250 {said[-1]}"]
        )

    def queue_id(self) -> str:
        """Return a new name for a message."""
        return self._queue_id()

    def queued(self, queue_id: str) -> str:
        """Return the acknowledgement of a message that came by DATA."""
        return self.phrases.queued.format(id=queue_id)

    def chunks_queued(self, queue_id: str, size: int, total: int) -> str:
        """Return the acknowledgement of a message that came by BDAT; `size` is that of the last chunk."""
        return self.phrases.chunks_queued.format(id=queue_id, size=size, total=total)

    def chunk_taken(self, size: int) -> str:
        """Return the answer to a chunk that was not the last."""
        return self.phrases.chunk_taken.format(size=size)

    def too_big(self) -> str:
        """Return the refusal of a message above the limit."""
        return self.phrases.too_big

    def no_room(self) -> str:
        """Return the answer to a message for which there is no memory or disk."""
        return self.phrases.no_room

    def not_kept(self) -> str:
        """Return the answer to a message that could not be kept."""
        return self.phrases.not_kept

    def timeout_exceeded(self) -> str:
        """Return the last word to a client that was silent for too long."""
        return self.phrases.timeout_exceeded

    def too_many_errors(self) -> str:
        """Return the last word to a client that makes nothing but mistakes."""
        return self.phrases.too_many_errors

    def too_many_connections(self, ip: str) -> str:
        """Return the only word to a client that comes too often, or when the house is full."""
        return self.phrases.too_many_connections.format(ip=ip)

    def closing(self) -> str:
        """Return the last word of a host that is going down."""
        return self.phrases.closing

    def server_error(self) -> str:
        """Return the last word when something here went wrong."""
        return self.phrases.server_error


def hexadecimal_id() -> str:
    """Return a queue id such as Postfix makes of microseconds and an inode."""
    inode, micros = divmod(secrets.randbits(64), 10**6)
    return f"{micros:05X}{0x40000 + inode % 0x1C0000:X}"
