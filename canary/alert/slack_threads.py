"""An alert becomes a message in a Slack channel, and the alerts that follow it become its thread.

Over `chat.postMessage` (https://docs.slack.dev/reference/methods/chat.postMessage), with the token of a bot
that may write there (scope `chat:write`) and nothing else.
"""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from canary.alert.blocks import Payload, notice_payload, notice_text, payload, text_payload
from canary.alert.posting import Answer, Pace, Poster, checked
from canary.alert.slack import TIMEOUT_SECONDS, encoded, worded
from canary.errors import DeliveryDelayed, DeliveryError
from canary.model import Alert, Notice

LOG = logging.getLogger(__name__)

API = "https://slack.com/api/"
METHOD = "chat.postMessage"
AGAIN = frozenset(
    {
        "fatal_error",
        "internal_error",
        "ratelimited",
        "rate_limited",
        "request_timeout",
        "service_unavailable",
        "team_added_to_org",
    }
)
UNREADABLE = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long"})
NO_THREAD = frozenset({"thread_not_found", "cannot_reply_to_message", "message_not_found"})
RENEW = "put the bot's token into alert.slack.token_file anew, then run: canary alerts retry"
HINTS = {
    "account_inactive": RENEW,
    "channel_not_found": "set alert.slack.channel to the channel's ID (C…), invite the bot to it if it is "
    "private, then run: canary alerts retry",
    "invalid_auth": RENEW,
    "is_archived": "unarchive the channel in Slack, then run: canary alerts retry",
    "missing_scope": "give the bot the scope chat:write and install it again, then run: canary alerts retry",
    "not_authed": RENEW,
    "not_in_channel": "invite the bot to the channel in Slack, then run: canary alerts retry",
    "restricted_action": "a workspace admin restricts posting there; ask them, then run: canary alerts retry",
    "token_expired": RENEW,
    "token_revoked": RENEW,
}
SEE = "see https://docs.slack.dev/reference/methods/chat.postMessage"


@dataclass(frozen=True, slots=True)
class Said:
    """What the method answered: an error's name, "" for none, and what the message is called."""

    error: str = ""
    ts: str = ""


class SlackThreads:
    """Posts alerts to one channel as a bot, at most one a second, and never shows the token.

    More of an incident is a reply to its first sign; when it begins or ceases to point to somebody, the
    channel sees that reply, too. Raises ConfigurationError for an `api` that is not https, unless its host is
    a loopback address.
    """

    def __init__(
        self,
        token: str,
        channel: str,
        *,
        api: str = API,
        name: str = "slack",
        timeout: float = TIMEOUT_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        checked(api, "alert.slack.api", f"{API} for anybody but customers of GovSlack")
        self.name = name
        self._channel = channel
        url = f"{api.rstrip('/')}/{METHOD}"
        bearer = {"Authorization": f"Bearer {token}"}
        self._poster = Poster(url, (token,), timeout, Pace(monotonic, sleep), bearer)

    def __repr__(self) -> str:
        """Return the channel's name; the token is a secret."""
        return f"SlackThreads({self.name})"

    async def deliver(self, alert: Alert) -> str:
        """Post an alert, in the thread of its incident; return what the thread is called.

        Raises DeliveryDelayed to try again, DeliveryError to park it. Whatever was in the mail, something is
        posted, as over a webhook.
        """
        thread = alert.case.thread if alert.case else ""
        placed: Payload = {"channel": self._channel}
        if thread:
            turned = bool(alert.briefing and alert.briefing.news)
            placed |= {"thread_ts": thread, "reply_broadcast": turned}
        said = await self._post(
            alert.id, placed | worded(payload, alert), lambda: worded(text_payload, alert)
        )
        if said.error in NO_THREAD and thread:
            LOG.warning("alert %s: its thread is gone; beginning a new one", alert.id)
            return await self.deliver(
                replace(alert, case=replace(alert.case, thread="") if alert.case else None)
            )
        ts = self._taken(said).ts
        return thread or ts

    async def announce(self, notice: Notice) -> None:
        """Post a notice. Raises DeliveryDelayed to try again, DeliveryError where that is useless."""
        message = {"channel": self._channel, **notice_payload(notice)}
        self._taken(await self._post("notice", message, lambda: notice_text(notice)))

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._poster.aclose()

    async def _post(self, what: str, message: Payload, text: Callable[[], Payload]) -> Said:
        said = self._read(await self._poster.post(encoded(message)))
        if said.error in UNREADABLE and "blocks" in message:
            LOG.warning("alert %s: Slack refused its blocks (%s); sending text alone", what, said.error)
            bare = {name: value for name, value in message.items() if name != "blocks"}
            said = self._read(await self._poster.post(encoded(bare | text())))
        return said

    def _read(self, answer: Answer) -> Said:
        """Return what an answer says. Raises DeliveryDelayed, DeliveryError where it says nothing."""
        if answer.temporary:
            self._poster.hold(answer)
            raise DeliveryDelayed(f"Slack answered {answer.status}", retry_after=answer.retry_after)
        said = said_of(answer.body)
        if said is None:
            raise DeliveryError(f"Slack answered {answer.status} {answer.said}".strip(), hint=SEE)
        if said.error in AGAIN:
            self._poster.hold(answer)
            raise DeliveryDelayed(f"Slack answered {said.error}", retry_after=answer.retry_after)
        return said

    def _taken(self, said: Said) -> Said:
        if said.error:
            raise DeliveryError(f"Slack answered {said.error}", hint=HINTS.get(said.error, SEE))
        return said


def said_of(body: bytes) -> Said | None:
    """Return what the body of an answer says, None where it is not of the method."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or not isinstance(told.get("ok"), bool):
        return None
    if told["ok"]:
        ts = told.get("ts")
        return Said("", ts if isinstance(ts, str) and ts.replace(".", "", 1).isdecimal() else "")
    error = told.get("error")
    return Said(error if isinstance(error, str) and error.replace("_", "").isalnum() else "unknown_error")
