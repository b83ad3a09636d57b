"""A decoy's fields but for who it is become all of them, where it stands."""

from collections.abc import Mapping
from dataclasses import dataclass

from canary.address import split
from canary.model import Decoy
from canary.seed.cells import Cell, Record
from canary.seed.columns import Kind, Profile
from canary.seed.roles import cased, styled_name


@dataclass(frozen=True, slots=True)
class Place:
    """Where a decoy stands: behind `before` and ahead of `after`, as a neighbour of `anchor`."""

    gap: int
    before: Record | None
    after: Record | None
    anchor: Record


@dataclass(frozen=True, slots=True)
class Filled:
    """A decoy's fields but for who it is; `likes` has, for each column of a person, a value to imitate."""

    cells: Mapping[str, Cell]
    likes: Mapping[str, Cell]

    def dressed(self, decoy: Decoy, profile: Profile) -> dict[str, Cell]:
        """Return all fields, with the decoy's name and address in the columns of a person."""
        cells = dict(self.cells)
        for column in profile.of(Kind.PERSON):
            if column.role == "email" or column.name not in cells:
                like = self.likes.get(column.name, Cell("")).text
                cells[column.name] = Cell(_personal(column.role, decoy, like))
        return cells


def _personal(role: str, decoy: Decoy, like: str) -> str:
    if role == "name":
        return styled_name(decoy.given, decoy.family, like)
    if role in {"given", "family"}:
        return cased(decoy.given if role == "given" else decoy.family, like)
    if role == "handle":
        return ("@" if like.startswith("@") else "") + split(decoy.address)[0]
    return decoy.address
