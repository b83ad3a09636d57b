"""What a command came to: words for the client, and what to do next."""

from enum import Enum
from typing import NamedTuple


class Do(Enum):
    """What the conversation does after it has given an answer."""

    GO_ON = "go on"
    READ_BODY = "read a message up to its final dot"
    READ_CHUNK = "read so many bytes of a message, then answer"
    START_TLS = "start TLS after the answer"
    HANG_UP = "hang up after the answer"


class Answer(NamedTuple):
    """A reply, without its last line end. `size` and `last` are those of BDAT (RFC 3030 section 2).

    Where a chunk is to be read, `text` is the refusal to give once it has been read and forgotten, "" for a
    chunk that is wanted.
    """

    text: str
    do: Do = Do.GO_ON
    size: int = 0
    last: bool = False
