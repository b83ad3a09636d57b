"""The settings: one row each, from which parsing, `canary.toml`, `config show` and the manual are made."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from canary.config import kinds
from canary.config.kinds import Kind

PREFIX: Final = "CANARY_"
FILE_VARIABLE: Final = "CANARY_CONFIG"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. `default` is a TOML value; `example` stands in for an empty one in `canary.toml`."""

    key: str
    kind: Kind
    default: str | float | tuple[str, ...]
    help: str
    secret: bool = False
    example: str | tuple[str, ...] = ""

    @property
    def variable(self) -> str:
        """Return the name of its environment variable."""
        return PREFIX + self.key.upper().replace(".", "_")

    @property
    def section(self) -> str:
        """Return the TOML table that holds it."""
        return self.key.rpartition(".")[0]

    @property
    def name(self) -> str:
        """Return its name within its table."""
        return self.key.rpartition(".")[2]


SECTIONS: Final = {
    "store": "Where accesses, decoys, messages, hits and alerts are kept.",
    "keyring": "The keys without which the store cannot be read. Back them up apart from it.",
    "mint": "How accesses become decoys.",
    "sink": "The mail listener that `canary serve` runs.",
    "sink.tls": "STARTTLS. Without a certificate the sink receives in clear text only.",
    "alert": "When the security team is told.",
    "alert.slack": "Where Slack alerts go.",
    "log": "What `canary serve` writes to standard error.",
}

SETTINGS: Final = (
    Setting(
        "store.url",
        kinds.store_url(),
        "sqlite:///canary.db",
        "The database. Three slashes begin a relative path, four an absolute one.",
    ),
    Setting(
        "keyring.file",
        kinds.path(),
        "canary.keys",
        "The key file that `canary init` makes. Only its owner may read it.",
    ),
    Setting(
        "mint.domains",
        kinds.domains(),
        (),
        "Domains whose mail this sink receives, under which decoys get their addresses; `domain=weight` "
        "gives one a larger or smaller share. Minting needs at least one; use several that have nothing "
        "in common.",
        example=("example.org=3", "example.net"),
    ),
    Setting(
        "mint.window",
        kinds.duration("0", "3650d"),
        "24h",
        "How long an employee looking again at the same record is shown the same decoys and no new one; "
        "0 makes every access a view of its own.",
    ),
    Setting(
        "mint.per_view",
        kinds.whole(1, 20),
        1,
        "How many new decoys a view gets.",
    ),
    Setting(
        "mint.cap",
        kinds.whole(1, 50),
        5,
        "The most decoys that one employee is ever shown of one record.",
    ),
    Setting(
        "mint.floor_bits",
        kinds.number(0, 60),
        24.0,
        "How unlikely an address must be to occur by chance, in bits (-log2 of its probability); "
        "likelier ones are not used.",
    ),
    Setting(
        "sink.listen",
        kinds.endpoints(),
        ("127.0.0.1:2525",),
        "Where the sink listens for SMTP; an IPv6 address stands in brackets.",
    ),
    Setting(
        "sink.hostname",
        kinds.host_name(),
        "",
        "The name that the sink greets with; the MX record should lead to it. Empty: `mail.` and the first "
        "of mint.domains.",
        example="mail.example.org",
    ),
    Setting(
        "sink.max_message",
        kinds.size("1KB", "1GB"),
        "25MB",
        "The largest message that is accepted.",
    ),
    Setting(
        "sink.timeout",
        kinds.duration("1s", "24h"),
        "5m",
        "How long a silent client is waited for.",
    ),
    Setting(
        "sink.transaction_timeout",
        kinds.duration("1s", "24h"),
        "30m",
        "How long one message may take from its first command to its last byte.",
    ),
    Setting(
        "sink.max_connections",
        kinds.whole(1, 100_000),
        1000,
        "How many clients may be connected at once.",
    ),
    Setting(
        "sink.max_recipients",
        kinds.whole(100, 100_000),
        1000,
        "How many recipients one message may have; RFC 5321 asks for 100 at least.",
    ),
    Setting(
        "sink.tls.cert",
        kinds.path(optional=True),
        "",
        "The certificate chain, PEM.",
        example="/etc/canary/tls/fullchain.pem",
    ),
    Setting(
        "sink.tls.key",
        kinds.path(optional=True),
        "",
        "The certificate's private key, PEM.",
        example="/etc/canary/tls/privkey.pem",
    ),
    Setting(
        "alert.window",
        kinds.duration("0", "7d"),
        "5m",
        "Hits that point to the same employee within this time are one alert.",
    ),
    Setting(
        "alert.min_confidence",
        kinds.number(0, 1),
        0.0,
        "Hits with a lower confidence are kept and never alerted.",
    ),
    Setting(
        "alert.slack.url",
        kinds.web_url(),
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
        "log.level",
        kinds.choice("debug", "info", "warning", "error"),
        "info",
        "The least important lines to write.",
    ),
    Setting(
        "log.format",
        kinds.choice("human", "json"),
        "human",
        "Lines for people, or one JSON object each.",
    ),
)

BY_KEY: Final = {setting.key: setting for setting in SETTINGS}
BY_VARIABLE: Final = {setting.variable: setting for setting in SETTINGS}


def nearest(name: str, names: Sequence[str]) -> str:
    """Return the one of `names` that resembles `name` most."""
    return get_close_matches(name, names, n=1, cutoff=0.0)[0]
