"""The configuration as the rest of canary sees it: typed, frozen, every value with its origin."""

import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from canary.config.places import Domain, Endpoint, NamedAddress, Network
from canary.config.settings import BY_KEY
from canary.config.toml import TomlFile
from canary.errors import ConfigurationError

TOKEN = re.compile(r"xox[a-z]-[A-Za-z0-9_-]{10,250}")


@dataclass(frozen=True, slots=True)
class StoreSection:
    """Where things are kept; `path` is the SQLite file, absolute."""

    url: str
    path: Path


@dataclass(frozen=True, slots=True)
class KeyringSection:
    """Where the keys are; `path` is absolute."""

    path: Path


@dataclass(frozen=True, slots=True)
class MintSection:
    """How accesses become decoys."""

    domains: tuple[Domain, ...]
    window: timedelta
    per_view: int
    cap: int
    floor_bits: float


@dataclass(frozen=True, slots=True)
class TlsSection:
    """The certificate chain and its key: both, or neither; and a folder of such pairs by host name."""

    cert: Path | None
    key: Path | None
    folder: Path | None
    listen: tuple[Endpoint, ...]


@dataclass(frozen=True, slots=True)
class LimitsSection:
    """How much a client network may do; 0 is no limit."""

    connections: int
    connection_rate: int
    message_rate: int
    recipient_rate: int
    errors: int
    unknown_slow: int
    unknown: int
    exempt: tuple[Network, ...]


@dataclass(frozen=True, slots=True)
class SinkSection:
    """How mail is received; sizes are in bytes. `hostname` is "" only while there are no domains."""

    listen: tuple[Endpoint, ...]
    lmtp: tuple[Endpoint, ...]
    hostname: str
    hostnames: tuple[NamedAddress, ...]
    profile: str
    proxy_peers: tuple[Network, ...]
    workers: int
    drain: timedelta
    unknown: str
    unknown_share: float
    greylist: timedelta
    reverse_names: bool
    max_message: int
    timeout: timedelta
    transaction_timeout: timedelta
    session_timeout: timedelta
    spill_above: int
    spill_folder: Path | None
    memory: int
    disk: int
    max_connections: int
    max_recipients: int
    tls: TlsSection
    limits: LimitsSection


@dataclass(frozen=True, slots=True)
class SlackSection:
    """Where Slack alerts go; ask `Config.slack` instead of these."""

    url: str | None = field(repr=False)
    url_file: Path | None
    token_file: Path | None
    channel: str
    api: str | None


@dataclass(frozen=True, slots=True)
class SlackAccess:
    """How Slack is reached: a webhook's `url`, or a bot's `token` and the `channel` that it writes to."""

    url: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    channel: str = ""
    api: str = ""


@dataclass(frozen=True, slots=True)
class OnSection:
    """From which confidence on the hits of each class are told; None is never."""

    mail: float | None
    probe: float | None
    touch: float | None
    bounce: float | None
    own: float | None
    spam: float | None
    dictionary: float | None


@dataclass(frozen=True, slots=True)
class AlertSection:
    """When and where alerts go."""

    window: timedelta
    escalate: float
    min_confidence: float
    hold: timedelta
    silence: timedelta
    on: OnSection
    slack: SlackSection


@dataclass(frozen=True, slots=True)
class OriginSection:
    """How it is found out who sent a message; `dns` () are the system's name servers, None is none."""

    appraise: bool
    own_domains: tuple[str, ...]
    dns: tuple[str, ...] | None
    deadline: timedelta


@dataclass(frozen=True, slots=True)
class IncidentSection:
    """Which hits belong together."""

    window: timedelta


@dataclass(frozen=True, slots=True)
class ApiSection:
    """How applications are answered over HTTP; `max_body` is in bytes, `rate` per key and minute."""

    listen: tuple[Endpoint, ...]
    metrics: Endpoint | None
    tls_cert: Path | None
    tls_key: Path | None
    clear_text: bool
    max_body: int
    rate: int


@dataclass(frozen=True, slots=True)
class PlanSection:
    """How many decoys of each layer the records of a kind show, and at what rate.

    `records` are patterns (`fnmatch`) of record names. `view_rate` is the share of views, from 0 to 1, that
    get `per_view` view-unique decoys, until an employee has seen `cap` of a record. A record ends up with
    `stable` record-stable and `cohort` cohort decoys; the first are there from the first view, one more of
    each layer joins every `join_every`. `controls` are minted for every 1,000 decoys.
    """

    name: str
    records: tuple[str, ...]
    view_rate: float
    per_view: int
    cap: int
    stable: int
    cohort: int
    join_every: timedelta
    controls: int


@dataclass(frozen=True, slots=True)
class MetricsSection:
    """Where metrics and health are served; None is nowhere."""

    listen: Endpoint | None


@dataclass(frozen=True, slots=True)
class LogSection:
    """What is logged."""

    level: str
    format: str


@dataclass(frozen=True, slots=True)
class Config:
    """Every setting's value. `path` is the configuration file, None where there is none."""

    store: StoreSection
    keyring: KeyringSection
    mint: MintSection
    sink: SinkSection
    alert: AlertSection
    origins: OriginSection
    incident: IncidentSection
    api: ApiSection
    metrics: MetricsSection
    log: LogSection
    plans: tuple[PlanSection, ...]
    path: Path | None
    given: Mapping[str, object] = field(repr=False)
    _file: TomlFile | None = field(repr=False, compare=False)
    _origins: Mapping[str, str] = field(repr=False, compare=False)

    def origin(self, key: str) -> str:
        """Return where a value came from: `default`, `FILE:LINE`, `CANARY_…` or `--flag`."""
        origin = self._origins.get(BY_KEY[key].key, "default")
        return self._file.where(key) if self._file and origin == self._file.name else origin

    @property
    def file(self) -> TomlFile | None:
        """Return the file that was read, None where there is none."""
        return self._file

    def slack(self) -> SlackAccess | None:
        """Return how Slack is reached, None where it is not.

        Read from `alert.slack.url_file` or `token_file` at every call. Raises ConfigurationError where that
        file cannot be read, can be read by others, or holds something else.
        """
        slack = self.alert.slack
        if slack.token_file is not None:
            token = _read_secret(
                "alert.slack.token_file", slack.token_file, _token_of, "a bot's token, xoxb-…"
            )
            return SlackAccess("", token, slack.channel, slack.api or "")
        if slack.url_file is not None:
            kind = BY_KEY["alert.slack.url"].kind
            return SlackAccess(_read_secret("alert.slack.url_file", slack.url_file, kind.parse, kind.allowed))
        return SlackAccess(slack.url) if slack.url else None


def _token_of(text: object) -> str:
    if not TOKEN.fullmatch(str(text)):
        raise ValueError
    return str(text)


def _read_secret(key: str, file: Path, parse: Callable[[object], object], allowed: str) -> str:
    try:
        with file.open(encoding="utf-8") as source:
            mode = stat.S_IMODE(file.stat().st_mode)
            text = source.read(4096).strip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigurationError(f"cannot read {key} {file}: {reason}") from None
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        raise ConfigurationError(
            f"{key} {file} can be read or written by others", hint=f"run: chmod o-rw {file}"
        )
    try:
        found = parse(text)
    except ValueError:
        found = None
    if not found:
        raise ConfigurationError(f"{key} {file} does not hold {allowed}")
    return str(found)
