"""An API that answers on loopback, in a thread of this process, over a real database."""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from canary import keyring, wiring
from canary.api.serving import Answering, answering
from canary.config import Config, load
from canary.model import Scope
from canary.plant import opened_live
from canary.plant.keys import new_key
from canary.ports import Store
from tests.parts import KEYS

PATIENCE = 120.0
MAIN = """
[mint]
domains = ["one.example", "two.example"]
[api]
listen = ["127.0.0.1:0"]
"""


@dataclass
class Door:
    """An API that answers, the keys that are good for it, and its database."""

    config: Config
    where: str
    running: Answering
    http: httpx.Client
    keys: dict[Scope, str] = field(default_factory=dict)

    def headers(self, scope: Scope) -> dict[str, str]:
        if scope not in self.keys:
            self.keys[scope] = self.key(scope)
        return {"Authorization": f"Bearer {self.keys[scope]}"}

    def key(self, scope: Scope, **told: Any) -> str:
        """Make a key and return its text."""
        with self.store() as store:
            return new_key(store, "test", scope, datetime.now(UTC), **told)[1]

    def post(self, path: str, body: Any, scope: Scope = Scope.PLANT, **headers: str) -> httpx.Response:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.post(path, json=body, headers={**self.headers(scope), **told})

    def plant(self, employee: str = "e.marsh", record: str = "B07", **told: Any) -> dict[str, Any]:
        """Plant one access and return the answer."""
        answer = self.post("/v1/accesses", {"employee": employee, "record": record, **told})
        assert answer.status_code in {200, 201}, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def seed(
        self, records: Any, employee: str = "e.marsh", record: str = "B07", **told: Any
    ) -> httpx.Response:
        access = {"employee": employee, "record": record}
        return self.post("/v1/seed", {"access": access, "records": records, **told})

    def hits(self, **query: str) -> Any:
        answer = self.http.get("/v1/hits", params=query, headers=self.headers(Scope.READ))
        assert answer.status_code == 200, answer.text
        return answer.json()

    @contextmanager
    def store(self) -> Iterator[Store]:
        """Open the same database, as another process would."""
        with wiring.opened_store(self.config, wiring.load_keys(self.config)) as store:
            yield store


def home_in(folder: Path, text: str = MAIN, environ: Mapping[str, str] | None = None) -> Config:
    """Make a configuration, keys and a database."""
    (folder / "canary.toml").write_text(text)
    config = load(None, environ=environ or {}, cwd=folder)
    if not config.keyring.path.exists():
        keyring.save(KEYS, config.keyring.path)
        wiring.make_store(config, wiring.load_keys(config))
    return config


@contextmanager
def answering_in(config: Config, *, patience: float = 5.0, scheme: str = "http") -> Iterator[Door]:
    """Answer in a thread until the block ends."""
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    begun: asyncio.Future[Answering] = loop.create_future()
    started = threading.Event()

    async def answer() -> None:
        keys = wiring.load_keys(config)
        try:
            with opened_live(config, keyring=keys, patience=patience) as planter:
                async with answering(config, planter, keys) as running:
                    running.grace = 5
                    begun.set_result(running)
                    started.set()
                    await stop.wait()
        except BaseException as error:
            if not begun.done():
                begun.set_exception(error)
            raise
        finally:
            started.set()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(answer())

    thread = threading.Thread(target=run, name="api")
    thread.start()
    try:
        assert started.wait(PATIENCE)
        running = begun.result()
        where = f"{scheme}://{running.where[0]}"
        with httpx.Client(base_url=where, timeout=PATIENCE, verify=False) as http:  # noqa: S501 - our own
            yield Door(config, where, running, http)
    finally:
        if not loop.is_closed():
            loop.call_soon_threadsafe(stop.set)
        thread.join(PATIENCE)
