"""What canary has to do with it: the rows of a page become the rows that an employee sees."""

import os
from dataclasses import dataclass
from typing import Any

from canary.client import Planter, looked

from .catalogue import Product
from .store import Store

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Visit:
    """Who looks, and from where."""

    employee: str
    session: str
    client_ip: str | None


class Planting:
    """Seeds pages and reports touches; a tool without canary shows what it has.

    Planting and touching each have a key, so each has a planter.
    """

    def __init__(self, store: Store, planter: Planter | None, toucher: Planter | None) -> None:
        self._store = store
        self._planter = planter
        self._toucher = toucher

    async def reviews(self, visit: Visit, product: Product, tool: str = "reviews-portal") -> list[Row]:
        """Return the reviews of a product as this employee sees them, oldest first."""
        rows = self._store.reviews(product.number)
        if self._planter is None:
            return rows
        access = looked(
            visit.employee,
            product.record,
            beneficiary=product.seller_number,
            tool=tool,
            session=visit.session,
            client_ip=visit.client_ip,
        )
        seeded = await self._planter.seed(access, rows, {"email": "email", "name": "name"})
        for decoy in seeded.decoys:
            face = self._store.face(product.number, seeded[decoy.index], rows)
            if face is not None:
                self._store.keep_marker(visit.employee, face["id"], decoy.marker)
                rows.append(face)
        return sorted(rows, key=lambda row: str(row["at"]))

    async def touched(self, visit: Visit, review: str, action: str) -> None:
        """Report what an employee did to a review, if it is a decoy's. Nobody waits for it."""
        marker = self._store.marker(visit.employee, review)
        if marker is not None and self._toucher is not None:
            await self._toucher.touch(marker, action, visit.employee)

    async def close(self) -> None:
        """Report what waits, and let go."""
        for each in (self._planter, self._toucher):
            if each is not None:
                await each.aclose()


def planting(store: Store) -> Planting:
    """Return the planting that the environment asks for: none without CANARY_URL.

    CANARY_PLANT_KEY and CANARY_TOUCH_KEY are files, one key in each. CANARY_BUDGET is in seconds.
    """
    url = os.environ.get("CANARY_URL")
    budget = float(os.environ.get("CANARY_BUDGET", "0.05"))

    def planter(variable: str) -> Planter | None:
        key_file = os.environ.get(variable)
        return Planter(url, key_file=key_file, budget=budget) if url and key_file else None

    return Planting(store, planter("CANARY_PLANT_KEY"), planter("CANARY_TOUCH_KEY"))
