"""BDAT (RFC 3030) becomes a number of bytes to read, wanted or not."""

from canary.sink.answer import Answer, Do
from canary.sink.letters import upper
from canary.sink.visit import Visit

DIGITS = 18
"""As many as fit into 63 bits."""

SWALLOWED = 4
"""A refused chunk of more than so many times the largest message is not read, the client is hung up."""


def chunk(visit: Visit, argument: str) -> Answer:
    """Return how much to read next, and what to say when it is read and not wanted.

    As in Postfix, a chunk is read even if it is refused, for the client may have sent it already; after a
    refusal all others are, up to the last one or RSET.
    """
    phrases, given = visit.words.phrases, argument.split()
    size = _size_in(given)
    if size is None:
        return Answer(phrases.chunk_syntax, Do.HANG_UP if visit.words.habits.ends_at_bad_chunk else Do.GO_ON)
    last = len(given) > 1
    refusal = _refusal(visit, size, last=last)
    if not refusal:
        return Answer("", Do.READ_CHUNK, size, last)
    transaction = visit.transaction
    if transaction is not None and transaction.body is not None:
        visit.drop()
    elif last or visit.spoilt:
        visit.end()
    visit.spoilt = not last and visit.words.habits.remembers_bad_chunk
    if size > SWALLOWED * visit.settings.max_message:
        return Answer(refusal, Do.HANG_UP)
    return Answer(refusal, Do.READ_CHUNK, size, last)


def _size_in(given: list[str]) -> int | None:
    if not given or not (given[0].isascii() and given[0].isdigit()) or len(given[0]) > DIGITS:
        return None
    return int(given[0]) if [upper(each) for each in given[1:]] in ([], ["LAST"]) else None


def _refusal(visit: Visit, size: int, *, last: bool) -> str:
    phrases, transaction = visit.words.phrases, visit.transaction
    if not size and not last:
        return phrases.empty_chunk
    if visit.spoilt:
        return phrases.chunk_discarded.format(size=size)
    if transaction is None:
        return phrases.chunk_without_mail
    if not transaction.recipients:
        return phrases.chunk_without_recipients
    sent = transaction.body.sent if transaction.body is not None else 0
    return phrases.chunk_too_big if sent + size > visit.settings.max_message else ""
