"""Answers of DNS become known ones, for the next messages: as long as they say, within bounds."""

import time

from dns.rdatatype import SOA
from dns.resolver import Answer, CacheKey, LRUCache

MOST_ANSWERS = 2000
MOST_BYTES = 8192
"""Longer answers are asked for again: so all together take some 20 MB at the most."""

MOST_SECONDS = 3600.0
MOST_NEGATIVE_SECONDS = 300.0
"""Names that a broker registers are new: that one was not there is soon out of date (RFC 2308 section 5)."""


class RememberedAnswers(LRUCache):
    """Holds the answers to the questions that were asked last, for several threads.

    Found are the data of the very name and kind that were asked for: what else a server put into its answer
    is of no use to other questions. Failures and silence are not remembered.
    """

    def __init__(self, most: int = MOST_ANSWERS) -> None:
        super().__init__(most)

    def put(self, key: CacheKey, value: Answer) -> None:
        """Remember an answer for its time to live, not too long; none that does not say how long."""
        seconds = float(value.chaining_result.minimum_ttl)
        wire, negative = value.response.wire or b"", value.rrset is None
        if not wire or len(wire) > MOST_BYTES or seconds <= 0 or (negative and not _is_told(value)):
            return
        bound = MOST_NEGATIVE_SECONDS if negative else MOST_SECONDS
        value.expiration = time.time() + min(seconds, bound)
        super().put(key, value)


def _is_told(answer: Answer) -> bool:
    """Say whether an answer tells for how long there is nothing: only its zone's SOA does."""
    return any(each.rdtype == SOA for each in answer.response.authority)
