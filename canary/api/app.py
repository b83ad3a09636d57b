"""The ASGI application: every request comes to an answer, whatever happens behind it."""

import logging
import time
from typing import Final

from canary.api.answers import TEXT, Answer, Headers, refused
from canary.api.bodies import Gone, Receive, Scope, Send
from canary.api.call import Call, House
from canary.api.doors import GET, Door, Page, doors
from canary.api.problems import Refusal, failure, plain, refusal
from canary.errors import CanaryError
from canary.tallies import API_ANSWERS, API_REQUESTS, API_SECONDS, STORE_FAILURES

log = logging.getLogger("canary.api")
NO_STORE: Final = (b"cache-control", b"no-store")
PLANTING: Final = "/v1/accesses"
UNCOUNTED: Final = f"{API_REQUESTS}|other"
LOST: Final = 500


class Api:
    """Answers applications. `pages`, by path, need no key: health and the published document."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._doors = doors()
        self.pages: dict[str, Page] = {}
        self.failed_at = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI 3, HTTP only)."""
        if scope["type"] != "http":
            raise RuntimeError(f"nothing is served over {scope['type']}")
        began = time.perf_counter()
        try:
            status, body, headers, content_type = await self._answer(scope, receive)
        except Gone:
            return
        tallies = self._house.tallies
        tallies.add(f"{API_ANSWERS}|{status}")
        if scope["path"] == PLANTING:
            tallies.observe(API_SECONDS, time.perf_counter() - began)
        told = [(b"content-type", content_type), (b"content-length", b"%d" % len(body)), *headers]
        if scope["method"] != "POST":
            told.append(NO_STORE)  # answers to POST are not kept anyway (RFC 9110 section 9.3.3)
        await send({"type": "http.response.start", "status": status, "headers": told})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        path, method = scope["path"], scope["method"]
        door = self._doors.get(path)
        self._house.tallies.add(door.counted if door else UNCOUNTED)
        if door is not None:
            allowed = door.methods
            return await self._through(door, scope, receive) if method in allowed else _not_allowed(allowed)
        page = self.pages.get(path)
        if page is None:
            return refused(plain(404))
        return await page() if method in GET else _not_allowed(GET)

    async def _through(self, door: Door, scope: Scope, receive: Receive) -> Answer:
        """Return a door's answer to whom its key lets in."""
        told: Headers = ()
        try:
            headers = dict(scope["headers"])
            caller = await self._house.keys.caller(headers, door.scope)
            try:
                call = Call(self._house, caller, headers, scope["query_string"], receive)
                answer = await door.endpoint(call)
            finally:
                told = caller.bucket.headers()
            status, body, own, content_type = answer
            return Answer(status, body, own + told if own else told, content_type)
        except Refusal as refused_so:
            return refused(refused_so, told)
        except CanaryError as error:
            return self._failed(error, told)
        except Gone:
            raise
        except Exception as error:  # noqa: BLE001 - the next one may be answered again
            log.error("a request failed: %s", type(error).__name__)  # noqa: TRY400 - a trace may hold what was told
            return refused(refusal("failed"), told)

    def _failed(self, error: CanaryError, told: Headers) -> Answer:
        """Return the answer for what went wrong behind the door."""
        try:
            said = failure(error)
        except CanaryError:
            log.error("a request failed: %s", type(error).__name__)  # noqa: TRY400 - its words may hold names
            return refused(refusal("failed"), told)
        if said.problem.status >= LOST:
            self._house.tallies.add(f"{STORE_FAILURES}|api")
            if time.monotonic() - self.failed_at > 1:
                log.warning("nothing can be kept now: %s", error.message)
            self.failed_at = time.monotonic()
        return refused(said, told)


def _not_allowed(methods: tuple[str, ...]) -> Answer:
    return refused(plain(405, ((b"allow", ", ".join(methods).encode()),)))


def text(status: int, words: str) -> Answer:
    """Return an answer in plain text."""
    return Answer(status, words.encode(), (), TEXT)


def fixed(answer: Answer) -> Page:
    """Return the page that always says the same."""

    async def page() -> Answer:
        return answer

    return page
