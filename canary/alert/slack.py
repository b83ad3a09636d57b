"""An alert becomes a message in a Slack channel, over Slack's incoming webhook."""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable

from canary.alert.blocks import (
    Payload,
    bare_payload,
    notice_payload,
    notice_text,
    payload,
    text_payload,
)
from canary.alert.posting import Answer, Pace, Poster, checked
from canary.errors import DeliveryDelayed, DeliveryError
from canary.model import Alert, Notice

LOG = logging.getLogger(__name__)

TIMEOUT_SECONDS = 10.0
SECRET_CHARS = 6
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


class SlackChannel:
    """Posts alerts to one incoming webhook, at most one a second, and never shows its URL.

    A webhook tells nothing of what was posted, so its messages make no threads. Raises ConfigurationError for
    anything but https, unless the host is a loopback address.
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
        parts = checked(url.strip(), "alert.slack.url", URL_HINT)
        secrets = [part for part in (parts.path, *parts.path.split("/")) if len(part) >= SECRET_CHARS]
        self.name = name
        self._poster = Poster(url.strip(), secrets, timeout, Pace(monotonic, sleep))

    def __repr__(self) -> str:
        """Return the channel's name; the URL is a secret."""
        return f"SlackChannel({self.name})"

    async def deliver(self, alert: Alert) -> str:
        """Post an alert. Raises DeliveryDelayed to try again, DeliveryError to park it.

        Whatever was in the mail, something is posted: an alert that cannot be worded, or whose
        blocks Slack refuses, goes out once more as a short text.
        """
        await self._hand_over(alert.id, worded(payload, alert), lambda: worded(text_payload, alert))
        return ""

    async def announce(self, notice: Notice) -> None:
        """Post a notice. Raises DeliveryDelayed to try again, DeliveryError where that is useless."""
        await self._hand_over("notice", notice_payload(notice), lambda: notice_text(notice))

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._poster.aclose()

    async def _hand_over(self, what: str, message: Payload, text: Callable[[], Payload]) -> None:
        answer = await self._poster.post(encoded(message))
        if answer.status == 400 and "blocks" in message:  # noqa: PLR2004 - HTTP's Bad Request
            LOG.warning("alert %s: Slack refused its blocks (%s); sending text alone", what, answer.said)
            answer = await self._poster.post(encoded(text()))
        if answer.status == 200 and answer.said == "ok":  # noqa: PLR2004 - HTTP's OK
            return
        if answer.temporary:
            self._poster.hold(answer)
            raise DeliveryDelayed(_refusal(answer), retry_after=answer.retry_after)
        raise DeliveryError(_refusal(answer), hint=_hint(answer))


def encoded(message: Payload) -> bytes:
    """Return a message as JSON; halves of UTF-16 pairs become question marks."""
    return json.dumps(message, ensure_ascii=False).encode("utf-8", "replace")


def worded(word: Callable[[Alert], Payload], alert: Alert) -> Payload:
    """Return an alert in words, the bare minimum where that fails: no bug in wording may silence it."""
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
