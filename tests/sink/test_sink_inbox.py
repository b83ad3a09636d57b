"""Lines and bodies out of bytes that arrive in any pieces."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.sink.content import Content, Spilled
from canary.sink.inbox import LINE_LIMIT, Inbox

LIMIT = 1000


class Purse:
    """A budget that knows what was taken of it."""

    def __init__(self, memory: int = 10**9, disk: int = 10**9) -> None:
        self.left = {"memory": memory, "disk": disk}

    def take(self, kind: str, count: int) -> bool:
        if self.left[kind] < count:
            return False
        self.left[kind] -= count
        return True

    def give(self, kind: str, count: int) -> None:
        self.left[kind] += count


def content(purse: Purse | None = None, *, above: int = 10**9, limit: int = LIMIT) -> Content:
    return Content(limit, above, None, purse or Purse())


def read(vessel: Content) -> bytes:
    raw = vessel.whole()
    return raw if isinstance(raw, bytes) else b"".join(raw.chunks())


def stuffed(body: bytes) -> bytes:
    """Return a body as a client sends it (RFC 5321 section 4.5.2)."""
    return (b"\r\n" + body).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n"


def poured(inbox: Inbox, vessel: Content, data: bytes, step: int) -> bool:
    """Feed data in steps until a body ends; say whether it did so with the last of them."""
    inbox.begin_body()
    for at in range(0, len(data), step):
        inbox.feed(data[at : at + step])
        if inbox.body(vessel):
            return at + step >= len(data)
    return False


bodies = st.lists(st.sampled_from([b".", b"\r\n", b"\n", b"\r", b"..", b"a", b"\x00", b"\xff"]), max_size=60)


@given(bodies, st.integers(1, 80), st.sampled_from([0, 7, 10**9]))
def test_every_body_comes_out_as_it_was_meant_in_whatever_pieces_it_arrives(
    parts: list[bytes], step: int, above: int
) -> None:
    body = b"".join(parts)
    body += b"" if not body or body.endswith(b"\r\n") else b"\r\n"
    inbox, purse = Inbox(), Purse()
    vessel = content(purse, above=above)
    assert poured(inbox, vessel, stuffed(body), step)
    assert read(vessel) == body
    assert vessel.sent == len(stuffed(body)) - 3
    assert len(inbox) == 0
    vessel.discard()
    assert purse.left == {"memory": 10**9, "disk": 10**9}


@given(st.integers(LIMIT - 20, LIMIT * 3), st.integers(1, 500))
def test_a_body_above_the_limit_is_measured_and_not_held(size: int, step: int) -> None:
    inbox, purse = Inbox(), Purse()
    vessel = content(purse)
    assert poured(inbox, vessel, b"x" * (size - 2) + b"\r\n.\r\n", step)
    assert vessel.sent == size
    assert vessel.oversized == (size > LIMIT)
    assert 10**9 - purse.left["memory"] == (size if size <= LIMIT else 0)


def test_what_follows_a_body_is_left_for_the_next_command() -> None:
    inbox, vessel = Inbox(), content()
    inbox.feed(b".\r\nMAIL FROM:<>\r\nRCP")
    inbox.begin_body()
    assert inbox.body(vessel)
    assert (read(vessel), vessel.sent) == (b"", 0)
    assert inbox.line() == b"MAIL FROM:<>"
    assert inbox.line() is None
    inbox.feed(b"T\n")
    assert inbox.line() == b"RCPT"


def test_a_chunk_is_taken_as_it_is_and_not_a_byte_more() -> None:
    inbox, vessel = Inbox(), content()
    inbox.feed(b"..\r\n.\r\nx")
    assert inbox.chunk(10, vessel) == 2
    inbox.feed(b"yzNOOP\r\n")
    assert inbox.chunk(2, vessel) == 0
    assert read(vessel) == b"..\r\n.\r\nxyz"
    assert inbox.line() == b"NOOP"


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


def test_a_large_message_goes_to_a_file_without_a_name(tmp_path: Path) -> None:
    purse = Purse()
    vessel = Content(LIMIT, 100, tmp_path, purse)
    for _ in range(30):
        vessel.pour(b"0123456789", 10)
    raw = vessel.whole()
    assert isinstance(raw, Spilled)
    assert list(tmp_path.iterdir()) == []
    assert len(raw) == 300
    assert b"".join(raw.chunks()) == b"0123456789" * 30
    assert purse.left == {"memory": 10**9, "disk": 10**9 - 300}
    vessel.discard()
    assert purse.left["disk"] == 10**9
    with pytest.raises(ValueError, match="closed"):
        raw.fileno()


@pytest.mark.parametrize(("memory", "disk", "failed"), [(50, 10**9, False), (50, 100, True), (0, 0, True)])
def test_without_memory_there_is_the_disk_and_without_either_the_message_has_failed(
    memory: int, disk: int, *, failed: bool
) -> None:
    purse = Purse(memory, disk)
    vessel = content(purse)
    for _ in range(30):
        vessel.pour(b"0123456789", 10)
    assert vessel.failed == failed
    assert vessel.sent == 300
    assert failed or read(vessel) == b"0123456789" * 30
    vessel.discard()
    assert purse.left == {"memory": memory, "disk": disk}


def test_a_folder_that_is_not_there_fails_the_message_and_nothing_else(tmp_path: Path) -> None:
    purse = Purse()
    vessel = Content(LIMIT, 10, tmp_path / "gone", purse)
    vessel.pour(b"0123456789 ", 11)
    vessel.pour(b"more", 4)
    assert vessel.failed
    assert purse.left == {"memory": 10**9, "disk": 10**9}
