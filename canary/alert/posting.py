"""A body becomes an HTTPS request to Slack and the answer that came; secrets stand in no error and no log."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from canary.alert.markup import clean
from canary.errors import ConfigurationError, DeliveryDelayed
from canary.ports import system_clock

if TYPE_CHECKING:
    from httpx import AsyncClient, Response

PACE_SECONDS = 1.0
PATIENCE_SECONDS = 5.0
LONGEST_RETRY_AFTER = 3600.0
BODY_BYTES = 4000
SAID_CHARS = 100
AGAIN = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: `said` is safe to show, `body` as it came; `retry_after` is in seconds."""

    status: int
    said: str
    retry_after: float | None = None
    body: bytes = b""

    @property
    def temporary(self) -> bool:
        """Say whether to try again may help."""
        return self.status in AGAIN or self.status >= 500  # noqa: PLR2004 - the server's own faults


class Poster:
    """Posts JSON to one address, at most once a second. `secrets` are taken out of all that is said.

    The machine's proxy settings are honoured (`HTTPS_PROXY`, `NO_PROXY`, `SSL_CERT_FILE`), except for a
    loopback address. Redirects are never followed and certificates always verified.
    """

    def __init__(
        self,
        url: str,
        secrets: Sequence[str],
        timeout: float,
        pace: "Pace",
        headers: dict[str, str] | None = None,
    ) -> None:
        self._url = url
        self._secrets = secrets
        self._timeout = timeout
        self._pace = pace
        self._headers = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
        self._client = _client(timeout, trust_env=not is_loopback(urlsplit(url).hostname or ""))

    def hold(self, answer: Answer) -> None:
        """Post nothing for as long as an answer asks."""
        self._pace.hold(answer.retry_after or 0.0)

    async def post(self, body: bytes) -> Answer:
        """Post and return the answer. Raises DeliveryDelayed where none came."""
        import httpx  # noqa: PLC0415 - loaded already, when the channel was built

        await self._pace.turn()
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._client.stream("POST", self._url, content=body, headers=self._headers) as response,
            ):
                said = await _body_of(response)
                return Answer(
                    response.status_code,
                    self._redacted(said.decode("utf-8", "replace")),
                    retry_after(response.headers.get("Retry-After")),
                    said,
                )
        except TimeoutError:
            fault = f"no answer within {self._timeout:g} s"
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError) as error:
            fault = f"{type(error).__name__} {self._redacted(str(error))}".strip()
        # Raised out here so that the error does not carry httpx's own, which knows the URL.
        raise DeliveryDelayed(f"Slack cannot be reached: {fault}")

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._client.aclose()

    def _redacted(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "[secret]")
        return clean(text, SAID_CHARS)


class Pace:
    """Lets one caller pass per second, and none while the channel asked for quiet."""

    def __init__(self, monotonic: Callable[[], float], sleep: Callable[[float], Awaitable[None]]) -> None:
        self._now = monotonic
        self._sleep = sleep
        self._next = -math.inf
        self._lock = asyncio.Lock()

    async def turn(self) -> None:
        """Wait for the next turn. Raises DeliveryDelayed where that is more than a few seconds away."""
        async with self._lock:
            wait = self._next - self._now()
            if wait > PATIENCE_SECONDS:
                raise DeliveryDelayed("Slack asked for quiet", retry_after=wait)
            if wait > 0:
                await self._sleep(wait)
            self._next = self._now() + PACE_SECONDS

    def hold(self, seconds: float) -> None:
        """Let nobody pass for so many seconds."""
        self._next = max(self._next, self._now() + seconds)


def retry_after(value: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for (RFC 9110 section 10.2.3).

    A number or a date, between 0 and an hour; None where there is none or it makes no sense.
    """
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            until = parsedate_to_datetime(value)
        except (ValueError, OverflowError):
            return None
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        seconds = (until - system_clock()).total_seconds()
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER) if math.isfinite(seconds) else None


def checked(url: str, key: str, hint: str) -> SplitResult:
    """Return the parts of an address to post to. Raises ConfigurationError, which names the setting."""
    try:
        parts = urlsplit(url)
        sound = bool(parts.hostname) and parts.port != 0 and url.isprintable() and " " not in url
    except ValueError:
        sound = False
    if not sound:
        raise ConfigurationError(f"{key} is not a URL", hint=hint)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        raise ConfigurationError(f"{key} must begin with https://", hint=hint)
    return parts


async def _body_of(response: "Response") -> bytes:
    body = b""
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) >= BODY_BYTES:
            break
    return body[:BODY_BYTES]


def _client(timeout: float, *, trust_env: bool) -> "AsyncClient":
    import httpx  # noqa: PLC0415 - a tenth of a second that only those who post pay

    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)  # they log whole URLs, and this one is a secret
    try:
        return httpx.AsyncClient(timeout=timeout, trust_env=trust_env, follow_redirects=False, http2=False)
    except (ValueError, ImportError, OSError):
        fault = "the machine's proxy or certificate settings cannot be used"
    raise ConfigurationError(fault, hint="check HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE and SSL_CERT_DIR")


def is_loopback(host: str) -> bool:
    """Say whether a host is this very machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
