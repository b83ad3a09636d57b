"""The metrics, one row each: what is counted becomes what Prometheus reads."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from canary import tallies
from canary.model import HitClass

OTHER: Final = "other"
"""The label of whatever is none of a family's own."""

CODES: Final = (
    *(
        "211",
        "214",
        "220",
        "221",
        "250",
        "251",
        "252",
        "334",
        "354",
        "421",
        "450",
        "451",
        "452",
        "454",
        "455",
    ),
    *(
        "500",
        "501",
        "502",
        "503",
        "504",
        "521",
        "530",
        "538",
        "550",
        "551",
        "552",
        "553",
        "554",
        "555",
        "556",
    ),
    OTHER,
)
VERBS: Final = (
    *("AUTH", "BDAT", "DATA", "EHLO", "ETRN", "EXPN", "HELO", "HELP", "LHLO", "MAIL", "NOOP", "QUIT"),
    *("RCPT", "RSET", "STARTTLS", "TURN", "VRFY", "XCLIENT", "XFORWARD", OTHER),
)
STATUSES: Final = (
    *("200", "201", "202", "400", "401", "403", "404", "405", "408"),
    *("413", "415", "422", "429", "500", "503", OTHER),
)
CAUSES: Final = tuple(
    sorted(
        value.partition("|")[2]
        for name, value in vars(tallies).items()
        if name.startswith("LIMIT_") and isinstance(value, str)
    )
)


class Kind(StrEnum):
    """What Prometheus calls it."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Family:
    """One metric.

    `key` is what is counted (canary.tallies), `name` what Prometheus reads: base units, a counter's ending
    in `_total`. `values` are the only values that its label may have, all others are `other`; without any,
    every value is shown. What `rests` is shown as 0 before anything was counted, under each of its values.
    """

    key: str
    name: str
    kind: Kind
    help: str
    label: str = ""
    values: tuple[str, ...] = ()
    rests: bool = True


def _counter(
    key: str, name: str, text: str, label: str = "", values: tuple[str, ...] = (), *, rests: bool = True
) -> Family:
    return Family(key, f"canary_{name}_total", Kind.COUNTER, text, label, values, rests)


def _level(key: str, name: str, text: str, label: str = "", values: tuple[str, ...] = ()) -> Family:
    """Return a gauge that is 0 until it is put."""
    return Family(key, f"canary_{name}", Kind.GAUGE, text, label, values)


def _known(key: str, name: str, text: str, label: str = "", values: tuple[str, ...] = ()) -> Family:
    """Return a gauge that is only shown once it is known."""
    return Family(key, f"canary_{name}", Kind.GAUGE, text, label, values, rests=False)


def _histogram(key: str, name: str, text: str, *, rests: bool = True) -> Family:
    return Family(key, f"canary_{name}", Kind.HISTOGRAM, text, rests=rests)


_PLACES: Final = ("store", "spill")
_IN_FLIGHT: Final = ("memory", "disk")
_ROLES: Final = ("parent", "worker", "api")

CLIENTS: Final = (
    _counter(
        tallies.CONNECTIONS,
        "connections",
        "Connections that clients opened, turned away or not.",
        "listener",
        ("smtp", "lmtp", "tls"),
    ),
    _level(tallies.CONNECTIONS_OPEN, "connections_open", "Clients that are connected."),
    _known(tallies.CONNECTIONS_LIMIT, "connections_limit", "How many may be: sink.max_connections."),
    _counter(tallies.COMMANDS, "commands", "Commands that clients gave.", "verb", VERBS),
    _counter(tallies.REPLIES, "replies", "Replies, by their code.", "code", CODES),
    _counter(
        tallies.RECIPIENTS,
        "recipients",
        "Recipients that clients named in RCPT or VRFY, by what became of them.",
        "outcome",
        ("live", "ordinary", "unknown", "foreign", "malformed", "greylisted", "limited", "failed"),
    ),
    _counter(tallies.STRAYS, "strays", "Recipients at our domains that nobody has."),
    _counter(
        tallies.TLS_HANDSHAKES,
        "tls_handshakes",
        "TLS handshakes, by version.",
        "version",
        ("TLSv1.2", "TLSv1.3", "failed"),
    ),
    _counter(
        tallies.PROXY_HEADERS,
        "proxy_headers",
        "PROXY protocol headers, by what became of them.",
        "outcome",
        ("proxied", "local", "refused"),
    ),
    _counter(tallies.LIMITS, "limits", "How often a limit took hold, by its cause.", "cause", CAUSES),
    _counter(
        tallies.LIMITS_FAVOURED,
        "limits_favoured",
        "Of those, how often on a network that had named a live decoy lately.",
        "cause",
        CAUSES,
    ),
    _counter(
        tallies.FAILURES,
        "failures",
        "What went wrong on our side of a session, by where.",
        "place",
        ("accept", "conversation", "lookup", "message", "probe", "stray"),
    ),
)
MAIL: Final = (
    _counter(
        tallies.MESSAGES,
        "messages",
        "Messages, by what became of them.",
        "outcome",
        ("kept", "deferred", "too_big", "broken_off"),
    ),
    _histogram(tallies.MESSAGE_BYTES, "message_size_bytes", "Sizes of the messages that were kept."),
    _histogram(tallies.MESSAGE_SECONDS, "message_seconds", "From the end of DATA to its 250."),
    _level(
        tallies.IN_FLIGHT_BYTES,
        "in_flight_bytes",
        "Bodies that are arriving or waiting to be kept, by where they are.",
        "place",
        _IN_FLIGHT,
    ),
    _known(
        tallies.IN_FLIGHT_LIMIT_BYTES,
        "in_flight_limit_bytes",
        "How much they may take: sink.memory and sink.disk.",
        "place",
        _IN_FLIGHT,
    ),
    _counter(tallies.SPILLED, "spilled_messages", "Bodies that went to disk while they arrived."),
    _counter(tallies.PROBES, "probes", "Probes that were kept, by verb.", "verb", ("rcpt", "vrfy", "data")),
    _counter(
        tallies.HITS,
        "hits",
        "Hits: new ones, and those of a message seen before.",
        "novelty",
        ("new", "again"),
    ),
)
DURABILITY: Final = (
    _histogram(tallies.COMMIT_SECONDS, "commit_seconds", "From taking a batch to its fsync."),
    _histogram(tallies.COMMIT_BATCH, "commit_batch_size", "Messages and probes that shared a commit."),
    _level(tallies.WAITING, "arrivals_waiting", "Messages and probes that wait for the next commit."),
    _level(tallies.PROBES_WAITING, "probes_waiting", "Probes that could not be kept yet."),
    _counter(
        tallies.STORE_FAILURES,
        "store_failures",
        "What the store could not do, by what it was.",
        "operation",
        ("keep", "probe", "strays", "attempts", "alerts", "status", "api"),
    ),
    _known(
        tallies.DISK_FREE_BYTES, "disk_free_bytes", "Free disk space that is ours to use.", "place", _PLACES
    ),
    _known(tallies.DISK_BYTES, "disk_size_bytes", "Size of the disk.", "place", _PLACES),
    _known(tallies.DATABASE_BYTES, "database_size_bytes", "Size of the database file."),
)
KEPT: Final = (
    _known(tallies.ACCESSES, "accesses", "Accesses in the ledger."),
    _known(tallies.DECOYS, "decoys", "Decoys.", "kind", ("shown", "control")),
    _known(tallies.KEPT_MESSAGES, "kept_messages", "Different messages that are kept."),
    _known(tallies.KEPT_HITS, "kept_hits", "Hits that are kept.", "on", ("decoy", "control")),
    _known(tallies.LAST_MAIL_AT, "last_mail_timestamp_seconds", "When mail was last kept."),
)
TELLING: Final = (
    _known(
        tallies.ALERTS, "alerts", "Alerts, by their state.", "state", ("owed", "sent", "parked", "withheld")
    ),
    _known(
        tallies.ALERT_OLDEST_OWED_SECONDS,
        "alert_oldest_owed_seconds",
        "How long ago the first of the alerts that are owed was due, 0 without one.",
    ),
    _counter(
        tallies.DELIVERIES,
        "alert_deliveries",
        "Attempts to deliver an alert, by what came of them.",
        "outcome",
        ("sent", "delayed", "parked"),
    ),
    _counter(
        tallies.APPRAISALS,
        "appraisals",
        "Messages looked at after their 250, by whether DNS said who sent them.",
        "outcome",
        ("evaluated", "not_evaluated", "failed"),
    ),
    _histogram(
        tallies.APPRAISAL_SECONDS, "appraisal_seconds", "From taking a message up to letting its alerts go."
    ),
    _counter(
        tallies.WITHHELD,
        "hits_withheld",
        "Hits that were appraised and are not told (alert.on), by class.",
        "kind",
        tuple(each.value for each in HitClass),
    ),
    _known(
        tallies.LAST_SELFTEST_AT, "selftest_last_timestamp_seconds", "When a self-test's mail was last kept."
    ),
    _known(tallies.SELFTEST_OK, "selftest_ok", "Whether every leg of the last self-test was good."),
)
PROCESSES: Final = (
    _known(tallies.WORKERS, "workers", "Processes that receive mail and are alive."),
    _known(tallies.WORKERS_WANTED, "workers_wanted", "How many there should be: sink.workers."),
    _counter(tallies.WORKER_RESTARTS, "worker_restarts", "Workers that ended and were started again."),
    _counter(tallies.FRAMES_REFUSED, "frames_refused", "What a worker said that no worker may say."),
    _counter(
        tallies.RELOADS, "reloads", "Times the configuration was read again.", "outcome", ("ok", "failed")
    ),
    _known(tallies.RELOADED_AT, "reload_timestamp_seconds", "When it was last taken up."),
    _known(tallies.STARTED_AT, "start_timestamp_seconds", "When canary was started."),
    _known(
        tallies.CERTIFICATE_EXPIRES_AT,
        "certificate_expiry_timestamp_seconds",
        "When a certificate that is served expires.",
        "name",
    ),
    _counter(
        tallies.PROCESS_CPU_SECONDS,
        "process_cpu_seconds",
        "Processor time spent.",
        "role",
        _ROLES,
        rests=False,
    ),
    _known(tallies.PROCESS_MEMORY_BYTES, "process_memory_bytes", "Resident memory.", "role", _ROLES),
    _known(tallies.PROCESS_DESCRIPTORS, "process_descriptors", "Open file descriptors.", "role", _ROLES),
)

ANSWERING: Final = (
    _counter(
        tallies.API_REQUESTS,
        "api_requests",
        "Requests of applications, by what they were for.",
        "operation",
        ("accesses", "seed", "touches", "hits", OTHER),
        rests=False,
    ),
    _counter(
        tallies.API_ANSWERS, "api_answers", "Answers to them, by status.", "code", STATUSES, rests=False
    ),
    _counter(
        tallies.API_ACCESSES,
        "api_accesses",
        "Accesses that they told of, by what became of them.",
        "outcome",
        ("planted", "bare", "again", "refused"),
        rests=False,
    ),
    _counter(tallies.API_DECOYS, "api_decoys", "Decoys that they were told to show.", rests=False),
    _histogram(
        tallies.API_SECONDS,
        "api_seconds",
        "From the head of a request that tells accesses to its answer.",
        rests=False,
    ),
)

FAMILIES: Final = (*CLIENTS, *MAIL, *DURABILITY, *KEPT, *TELLING, *PROCESSES, *ANSWERING)
BY_KEY: Final = {family.key: family for family in FAMILIES}

OF_API: Final = (
    *ANSWERING,
    *(BY_KEY[key] for key in (tallies.STORE_FAILURES, tallies.DISK_FREE_BYTES, tallies.DISK_BYTES)),
    *(
        BY_KEY[key]
        for key in (
            *(tallies.STARTED_AT, tallies.PROCESS_CPU_SECONDS),
            *(tallies.PROCESS_MEMORY_BYTES, tallies.PROCESS_DESCRIPTORS),
        )
    ),
)
"""What the process that answers applications serves."""

BUILD_INFO: Final = "canary_build_info"
UNLISTED: Final = "canary_unlisted_keys"
OWN: Final = {
    BUILD_INFO: "1; which canary this is, on which Python.",
    UNLISTED: "What was counted that no metric is made of: a mistake in canary.",
}
"""What is served besides the families, with its help."""
