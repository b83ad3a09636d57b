"""The way to canary in this very process, on the database's own host."""

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from canary.client.transport import Outcome, RefusedError, TouchReport, UnavailableError
from canary.client.values import Placed, Row, SeededRows, Shown
from canary.config import load
from canary.errors import CanaryError
from canary.model import Access
from canary.plant.opening import opened_live
from canary.plant.pages import seeded
from canary.plant.planted import Shown as ShownDecoy
from canary.wiring import load_keys

SEEDING_THREADS = 4


class LocalTransport:
    """Opens the database and the keys itself."""

    def __init__(self, config: Path | None) -> None:
        self._opened = ExitStack()
        read = load(config, environ=os.environ, cwd=Path.cwd())
        self._keyring = load_keys(read)
        self._live = self._opened.enter_context(opened_live(read, keyring=self._keyring))
        self._seeding = ThreadPoolExecutor(SEEDING_THREADS, thread_name_prefix="canary-seeding")

    async def plant(self, accesses: Sequence[Access]) -> Sequence[Outcome]:
        """Plant accesses; what is known already is answered from memory."""
        outcomes = await self._live.aplant_many(accesses)
        return [
            _failure(each) if isinstance(each, CanaryError) else tuple(map(_shown, each.shown))
            for each in outcomes
        ]

    async def seed(
        self, access: Access, rows: Sequence[Row], fields: Mapping[str, str], texts: Sequence[str]
    ) -> SeededRows:
        """Seed rows; they must be JSON values."""
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._seeding, self._seed, access, rows, fields, texts
            )
        except CanaryError as error:
            raise _failure(error) from error

    async def touch(self, report: TouchReport) -> None:
        """Report an action."""
        try:
            await self._live.atouch(report.marker, report.action, report.employee, report.at)
        except CanaryError as error:
            raise _failure(error) from error

    async def aclose(self) -> None:
        """Write down what waits and let go of the database."""
        self._seeding.shutdown(cancel_futures=True)
        await asyncio.to_thread(self._opened.close)

    def _seed(
        self, access: Access, rows: Sequence[Row], fields: Mapping[str, str], texts: Sequence[str]
    ) -> SeededRows:
        try:
            records = json.dumps(list(rows), ensure_ascii=False, allow_nan=False).encode()
        except (TypeError, ValueError) as error:
            raise RefusedError(f"this is not JSON: {error}") from None
        page = seeded(self._live, self._keyring.draw, access, records, fields=fields, texts=texts)
        placed = tuple(_placed(index, each) for index, each in page.placed)
        return SeededRows(json.loads(page.records), placed, warnings=page.warnings)


def _failure(error: CanaryError) -> RefusedError | UnavailableError:
    return UnavailableError(error.message) if error.temporary else RefusedError(error.message)


def _shown(each: ShownDecoy) -> Shown:
    decoy = each.decoy
    return Shown(decoy.address, decoy.name, decoy.given, decoy.family, each.position, each.marker)


def _placed(index: int, each: ShownDecoy) -> Placed:
    decoy = each.decoy
    return Placed(index, decoy.address, decoy.name, decoy.given, decoy.family, each.marker)
