"""What a real Exim said, and the host that is spoken like it: whatever is said, the same codes and words."""

from collections.abc import Awaitable, Callable
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from canary.sink.settings import Limits, TlsFiles
from tests.sink.dialogues_of_manners import DIALOGUES
from tests.sink.talk import recorded, speak_all, told

RECORDED = Path(__file__).with_name("dialogues") / "exim" / "manners.txt"
STRANGERS = Limits(exempt=(IPv4Network("192.0.2.0/24"),), unknown=0, unknown_slow=0)

# Said to a client that ends its side; we hang up without a word, as Postfix does.
LOST = ("421 mx.example.net lost input connection", "421 Lost incoming connection")
PARSER = "Exim's parser says in other words what is wrong with an address; the code is the same"
LENIENT = "we take an address that Exim will not, for mail to a decoy is worth more than its sender's grammar"
BARE = (
    "Exim 4.96 takes a bare newline before the dot for a line end (CVE-2023-51766); only CRLF.CRLF ends ours"
)
EARLIER = (
    "Exim repeats what it said to RCPT when there was no MAIL; we remember refusals of a transaction only"
)
CHUNK = "our transaction ends with a chunk refused; Exim's goes on"
BODY = "an empty BODY is nothing to Exim"

# What stays different: dialogue, and step counted from the banner on; why. Left out of the record are
# dialogues in which Exim hangs at a BDAT that is wrong, or counts bytes that it added, and those where its
# parser's three mistakes end the session early.
DIFFERENT: dict[tuple[str, int], str] = {
    ("controls again", 2): "we make control characters question marks; the answer to VRFY tells nothing else",
    ("tls forgets", 7): EARLIER,
    ("sequence", 4): EARLIER,
    ("greeting again", 6): "Exim stops offering PIPECONNECT to who was offered it twice",
    ("smuggling: bare newlines around the dot", 6): BARE,
    ("smuggling: a bare newline before the dot", 6): BARE,
    ("rcpt people", 11): PARSER,
    ("rcpt options", 3): PARSER,
    ("mail leniency", 8): LENIENT,
    ("mail leniency", 16): LENIENT,
    ("mail leniency", 22): LENIENT,
    ("mail leniency", 23): LENIENT,
    ("mail size", 12): "a negative SIZE is a great one to Exim, and none to us",
    ("mail body", 8): BODY,
    ("mail body", 10): BODY,
    ("verify", 6): PARSER,
    ("verify", 7): PARSER,
    ("verify more", 2): PARSER,
    ("chunk without anybody", 4): CHUNK,
    ("chunk for nobody", 4): CHUNK,
    ("chunk for nobody", 5): CHUNK,
}


async def test_strangers_hear_from_us_what_they_heard_from_exim(
    open_host: Callable[..., Awaitable[Any]], certificate: tuple[Path, Path]
) -> None:
    theirs = recorded(RECORDED)
    host = await open_host(tls=TlsFiles(*certificate), limits=STRANGERS, profile="exim")
    ours = await speak_all(host.address[1], {name: DIALOGUES[name] for name in theirs})
    found: dict[tuple[str, int], str] = {}
    for name, heard in theirs.items():
        for place, (one, other) in enumerate(zip(heard, ours[name], strict=True)):
            if tuple(reply for reply in one if reply not in LOST) != other:
                said = told(DIALOGUES[name][place - 1]) if 0 < place <= len(DIALOGUES[name]) else "the end"
                found[name, place] = f"{said}: Exim {one}, we {other}"
    assert found.keys() == DIFFERENT.keys(), found
