"""An alert becomes a message in a Slack channel, over Slack's incoming webhook."""

import asyncio
import json
import logging
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from canary.alert.blocks import (
    Payload,
    bare_payload,
    notice_payload,
    notice_text,
    payload,
    text_payload,
)
from canary.alert.markup import clean
from canary.errors import ConfigurationError, DeliveryDelayed, DeliveryError
from canary.model import Alert, Notice
from canary.ports import system_clock

if TYPE_CHECKING:
    from httpx import AsyncClient, Response

LOG = logging.getLogger(__name__)

TIMEOUT_SECONDS = 10.0
PACE_SECONDS = 1.0
PATIENCE_SECONDS = 5.0
LONGEST_RETRY_AFTER = 3600.0
BODY_BYTES = 1000
SAID_CHARS = 100
SECRET_CHARS = 6
AGAIN = frozenset({408, 425, 429})
NEW_WEBHOOK = "make a new webhook in Slack, set alert.slack.url to it, then run: canary alerts retry"
HINTS = {
    "action_prohibited": "a workspace admin restricts posting there; ask them, then run: canary alerts retry",
    "channel_is_archived": "unarchive the channel in Slack, then run: canary alerts retry",
    "channel_not_found": NEW_WEBHOOK,
    "invalid_token": NEW_WEBHOOK,
    "no_active_hooks": NEW_WEBHOOK,
    "no_service": NEW_WEBHOOK,
    "no_service_id": NEW_WEBHOOK,
    "no_team": NEW_WEBHOOK,
    "posting_to_general_channel_denied": "make a webhook for another channel, then run: canary alerts retry",
    "team_disabled": "the Slack workspace is disabled; point alert.slack.url at another one",
    "user_not_found": NEW_WEBHOOK,
}
URL_HINT = "alert.slack.url is to be the webhook's own URL, https://hooks.slack.com/services/…"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the webhook answered; `retry_after` is in seconds where it named a delay."""

    status: int
    said: str
    retry_after: float | None = None


class SlackChannel:
    """Posts alerts to one incoming webhook, at most one a second, and never shows its URL.

    The machine's proxy settings are honoured (`HTTPS_PROXY`, `NO_PROXY`, `SSL_CERT_FILE`), except
    for a loopback address. Redirects are never followed and certificates always verified.
    Raises ConfigurationError for anything but https, unless the host is a loopback address.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str = "slack",
        timeout: float = TIMEOUT_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        parts = _checked(url.strip())
        self.name = name
        self._timeout = timeout
        self._pace = Pace(monotonic, sleep)
        self._url = url.strip()
        self._secrets = [part for part in (parts.path, *parts.path.split("/")) if len(part) >= SECRET_CHARS]
        self._client = _client(timeout, trust_env=not _is_loopback(parts.hostname or ""))

    def __repr__(self) -> str:
        """Return the channel's name; the URL is a secret."""
        return f"SlackChannel({self.name})"

    async def deliver(self, alert: Alert) -> None:
        """Post an alert. Raises DeliveryDelayed to try again, DeliveryError to park it.

        Whatever was in the mail, something is posted: an alert that cannot be worded, or whose
        blocks Slack refuses, goes out once more as a short text.
        """
        await self._hand_over(alert.id, _worded(payload, alert), lambda: _worded(text_payload, alert))

    async def announce(self, notice: Notice) -> None:
        """Post a notice. Raises DeliveryDelayed to try again, DeliveryError where that is useless."""
        await self._hand_over("notice", notice_payload(notice), lambda: notice_text(notice))

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._client.aclose()

    async def _hand_over(self, what: str, message: Payload, text: Callable[[], Payload]) -> None:
        answer = await self._post(message)
        if answer.status == 400 and "blocks" in message:  # noqa: PLR2004 - HTTP's Bad Request
            LOG.warning("alert %s: Slack refused its blocks (%s); sending text alone", what, answer.said)
            answer = await self._post(text())
        if answer.status == 200 and answer.said == "ok":  # noqa: PLR2004 - HTTP's OK
            return
        if answer.status in AGAIN or answer.status >= 500:  # noqa: PLR2004 - the server's own faults
            self._pace.hold(answer.retry_after or 0.0)
            raise DeliveryDelayed(_refusal(answer), retry_after=answer.retry_after)
        raise DeliveryError(_refusal(answer), hint=_hint(answer))

    async def _post(self, message: Payload) -> Answer:
        import httpx  # noqa: PLC0415 - loaded already, when the channel was built

        await self._pace.turn()
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._client.stream(
                    "POST",
                    self._url,
                    content=json.dumps(message, ensure_ascii=False).encode("utf-8", "replace"),
                    headers={"Content-Type": "application/json; charset=utf-8"},
                ) as response,
            ):
                return Answer(
                    response.status_code,
                    await self._said(response),
                    retry_after(response.headers.get("Retry-After")),
                )
        except TimeoutError:
            fault = f"no answer within {self._timeout:g} s"
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError) as error:
            fault = f"{type(error).__name__} {self._redacted(str(error))}".strip()
        # Raised out here so that the error does not carry httpx's own, which knows the URL.
        raise DeliveryDelayed(f"Slack cannot be reached: {fault}")

    async def _said(self, response: "Response") -> str:
        body = b""
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) >= BODY_BYTES:
                break
        return self._redacted(body[:BODY_BYTES].decode("utf-8", "replace"))

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


def _worded(word: Callable[[Alert], Payload], alert: Alert) -> Payload:
    try:
        return word(alert)
    except Exception as error:  # noqa: BLE001 - no bug in wording may silence an alert
        LOG.error("alert %s cannot be worded (%s); sending the bare minimum", alert.id, type(error).__name__)  # noqa: TRY400 - a traceback may quote what arrived
        return bare_payload(alert)


def _refusal(answer: Answer) -> str:
    return f"Slack answered {answer.status} {answer.said}".strip()


def _hint(answer: Answer) -> str:
    if 200 <= answer.status < 400:  # noqa: PLR2004 - answered, but not by a webhook
        return URL_HINT
    return HINTS.get(
        answer.said, "see https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks"
    )


def _client(timeout: float, *, trust_env: bool) -> "AsyncClient":
    import httpx  # noqa: PLC0415 - a tenth of a second that only those who post pay

    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)  # they log whole URLs, and this one is a secret
    try:
        return httpx.AsyncClient(timeout=timeout, trust_env=trust_env, follow_redirects=False, http2=False)
    except (ValueError, ImportError, OSError):
        fault = "the machine's proxy or certificate settings cannot be used"
    raise ConfigurationError(fault, hint="check HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE and SSL_CERT_DIR")


def _checked(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        sound = bool(parts.hostname) and parts.port != 0 and url.isprintable() and " " not in url
    except ValueError:
        sound = False
    if not sound:
        raise ConfigurationError("alert.slack.url is not a URL", hint=URL_HINT)
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname or "")):
        raise ConfigurationError("alert.slack.url must begin with https://", hint=URL_HINT)
    return parts


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
