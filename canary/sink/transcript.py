"""What was said becomes lines that can be kept: who said what, and when."""

from collections.abc import Callable

OPENING = 24
MOST = 80
CHARACTERS = 120

Line = tuple[float, str, str]


class Transcript:
    """The commands and replies of a session that matter to its present transaction.

    The opening of the session stays; of a transaction whose message was kept nothing is left. Times are
    seconds since the session began.
    """

    __slots__ = ("_began", "_left_out", "_lines", "_now", "_opening")

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._began = now()
        self._opening: list[Line] = []
        self._lines: list[Line] = []
        self._left_out = 0

    def note(self, who: str, words: str) -> None:
        """Write down what the client (`C`) or the host (`S`) said."""
        if len(self._lines) < MOST:
            self._lines.append((self._now() - self._began, who, words[:CHARACTERS].replace("\r\n", " / ")))
        else:
            self._left_out += 1

    def opened(self) -> None:
        """Keep what was said before the last line as the session's opening: that line begins a message."""
        if not self._opening:
            self._opening, self._lines = self._lines[:-1][:OPENING], self._lines[-1:]

    def forget(self) -> None:
        """Forget what a message was said with that is kept."""
        self._lines.clear()
        self._left_out = 0

    def lines(self) -> tuple[str, ...]:
        """Return what is worth keeping now, each line capped."""
        told = [f"{at:.3f} {who}: {words}" for at, who, words in (*self._opening, *self._lines)]
        if self._left_out:
            told.append(f"… {self._left_out} lines left out")
        return tuple(told)
