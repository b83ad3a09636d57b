"""The settings: one row each, from which parsing, `canary.toml`, `config show` and the manual are made."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

from canary.config import kinds, places
from canary.config.incident_settings import INCIDENT_SETTINGS
from canary.config.origin_settings import HOLD_SETTING, ON_SETTINGS, ORIGIN_SETTINGS
from canary.config.setting import Setting
from canary.config.sink_settings import SINK_SETTINGS
from canary.config.slack_settings import SLACK_SETTINGS

FILE_VARIABLE: Final = "CANARY_CONFIG"

SECTIONS: Final = {
    "store": "Where accesses, decoys, messages, hits and alerts are kept.",
    "keyring": "The keys without which the store cannot be read. Back them up apart from it.",
    "mint": "How accesses become decoys.",
    "sink": "The mail listener that `canary serve` runs.",
    "sink.tls": "STARTTLS. Without a certificate the sink receives in clear text only.",
    "sink.limits": "How much a client network (an IPv4 address, an IPv6 /64) may do; 0 is no limit.",
    "alert": "When the security team is told.",
    "alert.slack": "Where Slack alerts go.",
    "alert.on": "Which classes of hits the team is told of; the others are kept and listed.",
    "origin": "How it is found out who sent a message.",
    "incident": "Which hits belong together.",
    "api": "The HTTP API that `canary serve --api` answers applications with.",
    "metrics": "What Prometheus and health checks may read.",
    "plan.NAME": "How many decoys of each layer the records of a kind show. `canary plan` tells its worth.",
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
        places.domains(),
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
    *SINK_SETTINGS,
    Setting(
        "alert.window",
        kinds.duration("0", "7d"),
        "5m",
        "How long after its first sign more of an incident is told, all of it together; then every time "
        "twice as long, up to 6 h. 0 tells every hit by itself.",
    ),
    Setting(
        "alert.escalate",
        kinds.number(0, 1),
        0.95,
        "From which probability on an incident is said to point to an account; that it does, or no longer "
        "does, is told at once.",
    ),
    Setting(
        "alert.min_confidence",
        kinds.number(0, 1),
        0.0,
        "Hits with a lower confidence are kept and never alerted.",
    ),
    HOLD_SETTING,
    Setting(
        "alert.silence",
        kinds.duration("0", "30d"),
        "0",
        "How long the sink may hear nothing from `canary selftest` before the team is told; 0 never.",
    ),
    *SLACK_SETTINGS,
    *ON_SETTINGS,
    *ORIGIN_SETTINGS,
    *INCIDENT_SETTINGS,
    Setting(
        "api.listen",
        places.endpoints(),
        ("127.0.0.1:8460",),
        "Where `canary serve --api` answers applications. Beyond this machine it needs a certificate.",
    ),
    Setting(
        "api.metrics",
        places.endpoint(),
        "",
        "Where the API's own metrics and health are served; nobody is asked who they are. Empty: nowhere.",
        example="127.0.0.1:8461",
    ),
    Setting(
        "api.tls_cert",
        kinds.path(optional=True),
        "",
        "The certificate chain for HTTPS, PEM.",
        example="/etc/canary/tls/api.pem",
    ),
    Setting(
        "api.tls_key",
        kinds.path(optional=True),
        "",
        "The certificate's private key, PEM.",
        example="/etc/canary/tls/api.key",
    ),
    Setting(
        "api.clear_text",
        kinds.yes_or_no(),
        False,  # noqa: FBT003 - a default, beside what it is the default of
        "Listen beyond this machine without TLS: only behind a proxy of yours that adds it, on a network "
        "of yours.",
    ),
    Setting(
        "api.max_body",
        kinds.size("1KB", "100MB"),
        "4MB",
        "How large a request may be.",
    ),
    Setting(
        "api.rate",
        kinds.whole(1, 100_000_000),
        120_000,
        "How many accesses, records or touches a key may name in a minute, where the key says no other rate.",
    ),
    Setting(
        "metrics.listen",
        places.endpoint(),
        "",
        "Where /metrics, /livez and /readyz are served; nowhere if empty.",
        example="127.0.0.1:9465",
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
