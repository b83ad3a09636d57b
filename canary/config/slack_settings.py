"""The settings of Slack, one row each: a webhook, or a bot that makes threads."""

import re
from typing import Final

from canary.config import kinds, places
from canary.config.kinds import Kind, text_of
from canary.config.setting import Setting

CHANNEL = re.compile(r"[CDG][A-Z0-9]{7,20}")


def slack_channel() -> Kind:
    """Return the kind of IDs of Slack channels; "" is allowed and stays."""

    def parse(value: object) -> str:
        text = text_of(value)
        if text and not CHANNEL.fullmatch(text):
            raise ValueError
        return text

    return Kind(
        "a channel's ID such as C012AB3CD (Slack shows it at the end of the channel's details)", parse
    )


SLACK_SETTINGS: Final = (
    Setting(
        "alert.slack.url",
        places.web_url(),
        "",
        "The incoming webhook. Whoever knows it can post: prefer url_file.",
        secret=True,
        example="https://hooks.slack.com/services/T000/B000/XXXX",
    ),
    Setting(
        "alert.slack.url_file",
        kinds.path(optional=True),
        "",
        "A file that holds the incoming webhook's address, in place of url. Others must not be able to "
        "read it.",
        example="/etc/canary/slack-url",
    ),
    Setting(
        "alert.slack.token_file",
        kinds.path(optional=True),
        "",
        "A file that holds the token of a Slack bot with the scope chat:write, in place of a webhook: more "
        "of an incident is then the thread of its first sign. Others must not be able to read it.",
        example="/etc/canary/slack-token",
    ),
    Setting(
        "alert.slack.channel",
        slack_channel(),
        "",
        "With token_file: the ID of the channel that the bot writes to.",
        example="C012AB3CD",
    ),
    Setting(
        "alert.slack.api",
        places.web_url(),
        "https://slack.com/api/",
        "With token_file: where Slack's Web API is.",
    ),
)
