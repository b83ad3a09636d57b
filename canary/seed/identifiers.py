"""A column's shape and the identifiers seen become identifiers that nobody has."""

from collections.abc import Callable, Mapping, Sequence
from typing import cast

from canary.seed.columns import Column
from canary.seed.shapes import Patterned, Shape
from canary.seed.sketch import Seen, number

ATTEMPTS = 64
FEW = 256
STEP = 3
FARTHEST = 1 << 20


class Identifiers:
    """Draws identifiers in the columns' shapes, each absent from the export and drawn once."""

    def __init__(
        self,
        seen: Seen,
        known: Mapping[str, Sequence[str]],
        codec: str,
        held: Callable[[str, bytes], bool],
    ) -> None:
        self._seen = seen
        self._held = held
        self._drawn: set[tuple[str, str]] = set()
        self._codec = codec
        self._ranges: dict[str, tuple[int, int]] = {}
        self._known = known

    def begin(self) -> None:
        """Forget what was drawn: the same decoys are dressed again."""
        self._drawn.clear()

    def claim(self, column: str, text: str) -> bool:
        """Note an identifier that a decoy has had; False if a record or another decoy has it now.

        What is seen of identifiers may take one that is free for one that is not: then all are read again.
        """
        taken = (column, text) in self._drawn
        if not taken and column in self._seen.columns:
            value = text.encode(self._codec)
            taken = not self._seen.absent(column, value) and self._held(column, value)
        if not taken:
            self._drawn.add((column, text))
        return not taken

    def has_room(self, column: Column, low: int, high: int) -> bool:
        """Say whether an unused identifier lies between two numbers, both excluded."""
        return self._free(column, b"", low, high) is not None

    def draw(self, column: Column, salt: bytes, low: int | None, high: int | None) -> str:
        """Return an unused identifier between two numbers (both excluded; None is open), and note it.

        Where there is none between them, one behind the greatest.
        """
        shape = cast("Shape", column.shape)
        if low is not None and high is not None:
            drawn = self._free(column, salt, low, high)
        elif low is None and high is None:
            least, greatest = self._range(column, shape)
            drawn = self._free(column, salt, least - 1, greatest + 1)
        else:
            drawn = (
                None if low is not None else self._free(column, salt, max(-1, (high or 0) - FEW), high or 0)
            )
        text = shape.text(self._beyond(column, salt, low or 0) if drawn is None else drawn)
        self._drawn.add((column.name, text))
        return text

    def _free(self, column: Column, salt: bytes, low: int, high: int) -> int | None:
        """Return an unused number strictly between two, None if there is none to be found."""
        room = high - low - 1
        if room <= FEW:
            free = [n for n in range(low + 1, high) if self._absent(column, n)]
            return free[number(salt, "id", column.name) % len(free)] if free else None
        drawn = (low + 1 + number(salt, "id", column.name, attempt) % room for attempt in range(ATTEMPTS))
        return next((n for n in drawn if self._absent(column, n)), None)

    def _beyond(self, column: Column, salt: bytes, low: int) -> int:
        """Return an unused number a small step behind the greatest, or anywhere in a pattern."""
        shape = cast("Shape", column.shape)
        if isinstance(shape, Patterned):
            drawn = (
                number(salt, "anywhere", column.name, attempt) % shape.size for attempt in range(FARTHEST)
            )
            return next(n for n in drawn if self._absent(column, n))
        start = max(low, self._range(column, shape)[1]) + 1 + number(salt, "step", column.name) % STEP
        return next(n for n in range(start, start + FARTHEST) if self._absent(column, n))

    def _range(self, column: Column, shape: Shape) -> tuple[int, int]:
        """Return the least and the greatest number; a pattern's are those of its alphabets."""
        if isinstance(shape, Patterned):
            return 0, shape.size - 1
        if column.name not in self._ranges:
            numbers = [n for n in map(shape.number, self._known[column.name]) if n is not None]
            top = self._seen.tops[self._seen.columns.index(column.name)].decode("utf-8", "replace")
            numbers += [n for n in [shape.number(top)] if n is not None]
            self._ranges[column.name] = min(numbers), max(numbers)
        return self._ranges[column.name]

    def _absent(self, column: Column, candidate: int) -> bool:
        text = cast("Shape", column.shape).text(candidate)
        return (column.name, text) not in self._drawn and self._seen.absent(
            column.name, text.encode(self._codec)
        )
