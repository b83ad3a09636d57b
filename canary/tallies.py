"""What happens, counted: numbers that add up over processes, and that metrics are made of."""

from bisect import bisect_left
from collections.abc import Mapping

Snapshot = Mapping[str, float]

# Counted by whoever holds the connection. Where a family has a label, its key is f"{FAMILY}|{label}", the
# label one of a few of our own words, never one of a client's (a client that invents words fills no memory).
CONNECTIONS = "connections"  # |smtp |lmtp |tls: opened, turned away or not
CONNECTIONS_OPEN = "connections_open"
COMMANDS = "commands"  # |MAIL |RCPT … |other
REPLIES = "replies"  # |250 |354 …
RECIPIENTS = "recipients"  # |live |ordinary |unknown |foreign |malformed |greylisted |limited |failed
MESSAGES = "messages"  # |kept |deferred |too_big |broken_off
STRAYS = "strays"
TLS_HANDSHAKES = "tls_handshakes"  # |TLSv1.2 |TLSv1.3 |failed
PROXY_HEADERS = "proxy_headers"  # |proxied |local |refused
LIMITS = "limit"  # |CAUSE, the causes below: how often a limit took hold
LIMITS_FAVOURED = "limit_favoured"  # |CAUSE: of those, on networks that named a live decoy lately
IN_FLIGHT_BYTES = "in_flight_bytes"  # |memory |disk: bodies that are arriving or waiting to be kept
SPILLED = "spilled"  # bodies that were written to a file while they arrived
FAILURES = "failures"  # |accept |conversation |lookup |message |probe |stray: our own, never a client's
MESSAGE_SECONDS = "message_seconds"  # from the end of DATA to the 250
MESSAGE_BYTES = "message_bytes"  # of those kept

# What limits took hold: the labels of LIMITS and LIMITS_FAVOURED.
LIMIT_CONNECTIONS = "limit|connections"  # of one network
LIMIT_CONNECTION_RATE = "limit|connection_rate"
LIMIT_MESSAGE_RATE = "limit|message_rate"
LIMIT_RECIPIENT_RATE = "limit|recipient_rate"
LIMIT_UNKNOWN_SLOW = "limit|unknown_slow"  # answered late
LIMIT_UNKNOWN = "limit|unknown"  # sent away
LIMIT_ERRORS_SLOW = "limit|errors_slow"
LIMIT_ERRORS = "limit|errors"
LIMIT_FULL = "limit|full"  # connections of the whole house
LIMIT_SHED = "limit|shed"  # an idle client hung up for another's sake
LIMIT_MEMORY = "limit|memory"
LIMIT_DISK = "limit|disk"
LIMIT_SIZE = "limit|size"
LIMIT_ORDINARY = "limit|ordinary"  # mail that names no decoy, of one network or of all in a day
LIMIT_FREE_DISK = "limit|free_disk"  # such mail, while little is left of the file system
LIMIT_RECIPIENTS = "limit|recipients"  # of one message
LIMIT_IDLE = "limit|idle"  # timeouts
LIMIT_TRANSACTION_TIME = "limit|transaction_time"
LIMIT_SESSION_TIME = "limit|session_time"

# Counted where things are kept and told.
COMMIT_SECONDS = "commit_seconds"  # one batch: attributed, written, synced
COMMIT_BATCH = "commit_batch"  # messages and probes in it
WAITING = "waiting"  # messages and probes that wait for the next commit
PROBES = "probes"  # |rcpt |vrfy |data: kept
PROBES_WAITING = "probes_waiting"  # could not be kept yet
HITS = "hits"  # |new |again
STORE_FAILURES = "store_failures"  # |keep |probe |strays |attempts |alerts |status |api
APPRAISALS = "appraisals"  # |evaluated |not_evaluated |failed: messages looked at after their 250
APPRAISAL_SECONDS = "appraisal_seconds"  # from taking it up until its alerts are let go
WITHHELD = "withheld"  # |mail |bounce …: hits that were appraised and are not told, by class
DELIVERIES = "deliveries"  # |sent |delayed |parked: attempts to deliver an alert

# Counted or put by the parent.
WORKERS = "workers"  # alive
WORKERS_WANTED = "workers_wanted"
WORKER_RESTARTS = "worker_restarts"
FRAMES_REFUSED = "frames_refused"  # what a worker said and may not say
RELOADS = "reloads"  # |ok |failed
RELOADED_AT = "reloaded_at"  # Unix seconds, as all that end in _at
STARTED_AT = "started_at"
CERTIFICATE_EXPIRES_AT = "certificate_expires_at"  # |HOST NAME, one of ours
IN_FLIGHT_LIMIT_BYTES = "in_flight_limit_bytes"  # |memory |disk, of all workers together
CONNECTIONS_LIMIT = "connections_limit"
DISK_FREE_BYTES = "disk_free_bytes"  # |store |spill
DISK_BYTES = "disk_bytes"  # |store |spill

# What the store says of itself, put by the parent.
DATABASE_BYTES = "database_bytes"
DECOYS = "decoys"  # |shown |control
ACCESSES = "accesses"
KEPT_MESSAGES = "kept_messages"
KEPT_HITS = "kept_hits"  # |decoy |control
ALERTS = "alerts"  # |owed |sent |parked …
ALERT_OLDEST_OWED_SECONDS = "alert_oldest_owed_seconds"
LAST_MAIL_AT = "last_mail_at"
LAST_SELFTEST_AT = "last_selftest_at"
SELFTEST_OK = "selftest_ok"  # 1 or 0: how the last one that ran ended

# Counted by the process that answers applications.
API_REQUESTS = "api_requests"  # |accesses |seed |touches |hits |other
API_ANSWERS = "api_answers"  # |200 |201 …: the status
API_ACCESSES = "api_accesses"  # |planted |bare |again |refused
API_DECOYS = "api_decoys"  # told to applications
API_SECONDS = "api_seconds"  # from the head of a POST /v1/accesses to its answer

# Each process of itself; |parent |worker |api.
PROCESS_CPU_SECONDS = "process_cpu_seconds"
PROCESS_MEMORY_BYTES = "process_memory_bytes"
PROCESS_DESCRIPTORS = "process_descriptors"

OF_WORKERS = frozenset(
    {
        *(CONNECTIONS, CONNECTIONS_OPEN, COMMANDS, REPLIES, RECIPIENTS, MESSAGES, STRAYS, TLS_HANDSHAKES),
        *(PROXY_HEADERS, LIMITS, LIMITS_FAVOURED, IN_FLIGHT_BYTES, SPILLED, FAILURES),
        *(MESSAGE_SECONDS, MESSAGE_BYTES),
        *(PROCESS_CPU_SECONDS, PROCESS_MEMORY_BYTES, PROCESS_DESCRIPTORS),
    }
)
"""The families that a worker may count in: what the parent knows itself no worker can say for it."""

GAUGES = frozenset(
    {
        *(CONNECTIONS_OPEN, IN_FLIGHT_BYTES, WAITING, PROBES_WAITING),
        *(WORKERS, WORKERS_WANTED, RELOADED_AT, STARTED_AT, CERTIFICATE_EXPIRES_AT),
        *(IN_FLIGHT_LIMIT_BYTES, CONNECTIONS_LIMIT, DISK_FREE_BYTES, DISK_BYTES),
        *(DATABASE_BYTES, DECOYS, ACCESSES, KEPT_MESSAGES, KEPT_HITS, ALERTS),
        *(ALERT_OLDEST_OWED_SECONDS, LAST_MAIL_AT, LAST_SELFTEST_AT, SELFTEST_OK),
        *(PROCESS_MEMORY_BYTES, PROCESS_DESCRIPTORS),
    }
)
"""What stands at a value and dies with its process; all others count on, and what a process counted that
is gone has to stay in the sum, or a rate jumps when a worker is restarted."""

BOUNDS: Mapping[str, tuple[float, ...]] = {
    COMMIT_SECONDS: (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60),
    API_SECONDS: (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
    COMMIT_BATCH: (1, 2, 4, 8, 16, 32, 64, 128, 256),
    MESSAGE_SECONDS: (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60),
    APPRAISAL_SECONDS: (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60),
    MESSAGE_BYTES: (1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864),
}

_PLACES = {
    name: (
        bounds,
        (*(f"{name}#{bound:g}" for bound in bounds), f"{name}#inf"),
        f"{name}#sum",
        f"{name}#count",
    )
    for name, bounds in BOUNDS.items()
}


class Tallies:
    """Counts, gauges and histograms of one process, under names without anybody's data in them.

    A key is `name` or `name|label`, a histogram's `name#BOUND` (counted up to that bound, not cumulated),
    `name#sum` and `name#count`. Adding to one costs a dictionary look-up; one thread writes.
    """

    __slots__ = ("values",)

    def __init__(self) -> None:
        self.values: dict[str, float] = {}

    def add(self, key: str, by: float = 1) -> None:
        """Count."""
        values = self.values
        values[key] = values.get(key, 0) + by

    def put(self, key: str, value: float) -> None:
        """Say what a gauge stands at."""
        self.values[key] = value

    def observe(self, name: str, value: float) -> None:
        """Count a value in its histogram."""
        bounds, keys, total, count = _PLACES[name]
        self.add(keys[bisect_left(bounds, value)])
        self.add(total, value)
        self.add(count)

    def snapshot(self) -> dict[str, float]:
        """Return what there is now."""
        return dict(self.values)


def family_of(key: str) -> str:
    """Return the name before a key's label or bound."""
    return key.partition("|")[0].partition("#")[0]


def added(snapshots: "list[Snapshot]") -> dict[str, float]:
    """Return the sums over processes; of times, which do not add up, the earliest."""
    total: dict[str, float] = {}
    for snapshot in snapshots:
        for key, value in snapshot.items():
            if key.partition("|")[0].endswith("_at"):
                total[key] = min(total.get(key, value), value)
            else:
                total[key] = total.get(key, 0) + value
    return total
