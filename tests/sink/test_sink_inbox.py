"""Lines and bodies out of bytes that arrive in any pieces."""

from hypothesis import given
from hypothesis import strategies as st

from canary.sink.inbox import LINE_LIMIT, Inbox

LIMIT = 1000


def stuffed(body: bytes) -> bytes:
    """Return a body as a client sends it (RFC 5321 section 4.5.2)."""
    return (b"\r\n" + body).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n"


def fed(inbox: Inbox, data: bytes, step: int) -> list[tuple[bytes, int]]:
    """Return the bodies that come out while data is fed in steps."""
    found = []
    for at in range(0, len(data), step):
        inbox.feed(data[at : at + step])
        body = inbox.body(LIMIT)
        if body is not None:
            found.append(body)
    return found


bodies = st.lists(st.sampled_from([b".", b"\r\n", b"\n", b"\r", b"..", b"a", b"\x00", b"\xff"]), max_size=60)


@given(bodies, st.integers(1, 80))
def test_every_body_comes_out_as_it_was_meant_in_whatever_pieces_it_arrives(
    parts: list[bytes], step: int
) -> None:
    body = b"".join(parts)
    body += b"" if not body or body.endswith(b"\r\n") else b"\r\n"
    inbox = Inbox()
    inbox.begin_body()
    ((raw, size),) = fed(inbox, stuffed(body), step)
    assert raw == body
    assert size == len(stuffed(body)) - 3
    assert len(inbox) == 0


@given(st.integers(LIMIT - 20, LIMIT * 3), st.integers(1, 500))
def test_a_body_above_the_limit_is_measured_and_not_stored(size: int, step: int) -> None:
    inbox = Inbox()
    inbox.begin_body()
    held = 0
    data = b"x" * (size - 2) + b"\r\n.\r\n"
    found = None
    for at in range(0, len(data), step):
        inbox.feed(data[at : at + step])
        found = inbox.body(LIMIT)
        held = max(held, len(inbox))
    assert found is not None
    assert found[1] == size
    assert bool(found[0]) == (size <= LIMIT)
    assert held <= LIMIT + 7


def test_what_follows_a_body_is_left_for_the_next_command() -> None:
    inbox = Inbox()
    inbox.feed(b".\r\nMAIL FROM:<>\r\nRCP")
    inbox.begin_body()
    assert inbox.body(LIMIT) == (b"", 0)
    assert inbox.line() == b"MAIL FROM:<>"
    assert inbox.line() is None
    inbox.feed(b"T\n")
    assert inbox.line() == b"RCPT"


@given(st.integers(LINE_LIMIT - 5, LINE_LIMIT * 3), st.integers(1, 5000))
def test_the_rest_of_an_overlong_line_is_dropped(length: int, step: int) -> None:
    inbox = Inbox()
    lines = []
    data = b"x" * length + b"\r\nNOOP\r\n"
    for at in range(0, len(data), step):
        inbox.feed(data[at : at + step])
        while (line := inbox.line()) is not None:
            lines.append(line)
        assert len(inbox) <= LINE_LIMIT
    assert lines == [b"x" * min(length, LINE_LIMIT), b"NOOP"]
