"""A pool of texts and a rating become the text that a decoy writes."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b

WORD = re.compile(r"[^\W\d_]{3,}")
SHRINK = 2
BELIEF = 6
BAD = frozenset(
    {"not", "never", "broke", "broken", "stopped", "return", "returned", "poor", "poorly", "cheap", "missing"}
    | {"bad", "worst", "waste", "loud", "annoying", "disappointed", "scratched", "faulty", "slow", "thinner"}
    | {"wrong", "flimsy", "useless", "refund", "terrible", "died", "shorter", "smelled", "smells"}
)
GOOD = frozenset(
    {"great", "love", "loves", "perfect", "perfectly", "good", "best", "better", "easy", "happy", "recommend"}
    | {
        "nice",
        "well",
        "excellent",
        "sturdy",
        "comfortable",
        "wonderful",
        "simple",
        "quick",
        "again",
        "strong",
    }
)
WINDOW = 6
OPENING = re.compile(r"[.!?;,:]|\s+-\s+")
TITLE_WORDS = 6


class Pool:
    """Texts in the order of their mood, as the export's own ratings teach it.

    A word's mood is the mean rating above average of the records that use it, shrunk towards
    none by `SHRINK` records; of plain English praise and blame some is believed beforehand, as much
    as `BELIEF` records would say. A text's mood is its words', the strong ones weighing more.
    """

    def __init__(self, texts: Sequence[str], rated: Sequence[tuple[str, float]]) -> None:
        moods = _word_moods(rated)
        self._texts = sorted(
            dict.fromkeys(t.strip() for t in texts if t.strip()), key=lambda t: (_mood(t, moods), t)
        )
        self._ratings = sorted(rating for _, rating in rated)
        self._used: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._texts)

    def begin(self, used: Iterable[str] = ()) -> None:
        """Forget what was drawn; these are used already."""
        self._used = set(used)

    def draw(self, salt: bytes, column: str, rating: float | None) -> str:
        """Return a text that suits a rating, not drawn before while there are others."""
        window = self._window(rating)
        fresh = [t for t in window if t not in self._used] or [t for t in self._texts if t not in self._used]
        person = blake2b(column.encode(), digest_size=8).digest()

        def rank(text: str) -> bytes:
            return blake2b(text.encode(), key=salt, person=person, digest_size=8).digest()

        text = min(fresh or window, key=rank)
        self._used.add(text)
        return text

    def _window(self, rating: float | None) -> Sequence[str]:
        if rating is None or len(set(self._ratings)) <= 1:
            return self._texts
        below = sum(r < rating for r in self._ratings)
        equal = sum(r == rating for r in self._ratings)
        centre = (below + equal / 2) / len(self._ratings) * len(self._texts)
        half = max(2.0, len(self._texts) / WINDOW)
        start = min(max(0, round(centre - half)), max(0, len(self._texts) - round(2 * half)))
        return self._texts[start : start + round(2 * half)]


def _word_moods(rated: Sequence[tuple[str, float]]) -> Mapping[str, float]:
    if not rated:
        return {}
    mean = sum(rating for _, rating in rated) / len(rated)
    totals: dict[str, float] = defaultdict(float)
    counts: dict[str, int] = defaultdict(int)
    for text, rating in rated:
        for word in set(WORD.findall(text.lower())):
            totals[word] += rating - mean
            counts[word] += 1
    for words, mood in ((BAD, -1), (GOOD, 1)):
        for word in words:
            totals[word] += BELIEF * mood
            counts[word] += BELIEF
    return {word: total / (counts[word] + SHRINK) for word, total in totals.items()}


def _mood(text: str, moods: Mapping[str, float]) -> float:
    known = [moods[word] for word in WORD.findall(text.lower()) if word in moods]
    weight = sum(map(abs, known))
    return sum(mood * abs(mood) for mood in known) / weight if weight else 0.0


def opening(text: str) -> str:
    """Return the first words of a text as somebody makes a title of them."""
    first = next((part.strip() for part in OPENING.split(text) if part.strip()), text.strip())
    return " ".join(first.split()[:TITLE_WORDS])
