"""Migrations: an empty file, or an older one, becomes today's tables."""

from typing import TYPE_CHECKING

from sqlite_utils.migrations import Migrations

from canary.store.incident_tables import INCIDENTS

if TYPE_CHECKING:
    from sqlite_utils import Database

APPLICATION_ID = 0x6C656467
migrations = Migrations("ledger")

# Times are microseconds since 1970 in UTC. Columns named *_ix are keyed index values; columns named
# `sealed` are bound to their table and row. An access's `first_view_id` is the first view of its employee
# and record: an access is known again by one look-up in an index that grows at its end. `control` is 1 for
# a control, 2 for a self-test's decoy and hits on it. An empty `sealed` of a delivery says that it is
# the first, which the message itself tells of.
FIRST = (
    """CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE view (
        id INTEGER PRIMARY KEY,
        pair_ix BLOB NOT NULL,
        employee_ix BLOB NOT NULL,
        record_ix BLOB NOT NULL,
        opened_at INTEGER NOT NULL)""",
    """CREATE UNIQUE INDEX view_pair ON view (pair_ix, opened_at)""",
    """CREATE TABLE access (
        id INTEGER PRIMARY KEY,
        view_id INTEGER NOT NULL REFERENCES view,
        first_view_id INTEGER NOT NULL REFERENCES view,
        at INTEGER NOT NULL,
        source_ix BLOB NOT NULL,
        sealed BLOB NOT NULL)""",
    """CREATE UNIQUE INDEX access_once ON access (first_view_id, source_ix)""",
    """CREATE TABLE decoy (
        id INTEGER PRIMARY KEY,
        view_id INTEGER REFERENCES view,
        slot INTEGER NOT NULL,
        control INTEGER NOT NULL,
        minted_at INTEGER NOT NULL,
        address_ix BLOB NOT NULL UNIQUE,
        sealed BLOB NOT NULL)""",
    """CREATE INDEX decoy_view ON decoy (view_id) WHERE view_id IS NOT NULL""",
    """CREATE INDEX decoy_control ON decoy (slot) WHERE control = 1""",
    """CREATE TABLE exposure (
        decoy_id INTEGER NOT NULL REFERENCES decoy,
        access_id INTEGER NOT NULL REFERENCES access,
        position INTEGER,
        PRIMARY KEY (decoy_id, access_id)) WITHOUT ROWID""",
    """CREATE TABLE message (
        id INTEGER PRIMARY KEY,
        content_ix BLOB NOT NULL UNIQUE,
        received_at INTEGER NOT NULL,
        sealed BLOB NOT NULL)""",
    """CREATE TABLE raw (message_id INTEGER PRIMARY KEY REFERENCES message, sealed BLOB NOT NULL)""",
    """CREATE TABLE delivery (
        id INTEGER PRIMARY KEY,
        message_id INTEGER NOT NULL REFERENCES message,
        at INTEGER NOT NULL,
        sealed BLOB NOT NULL)""",
    """CREATE INDEX delivery_message ON delivery (message_id)""",
    """CREATE TABLE hit (
        id INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,
        class TEXT NOT NULL,
        control INTEGER NOT NULL,
        decoy_id INTEGER NOT NULL REFERENCES decoy,
        message_id INTEGER REFERENCES message,
        deliveries INTEGER NOT NULL,
        sealed BLOB NOT NULL)""",
    """CREATE UNIQUE INDEX hit_once ON hit (message_id, decoy_id) WHERE message_id IS NOT NULL""",
    """CREATE INDEX hit_at ON hit (at)""",
    """CREATE INDEX hit_decoy ON hit (decoy_id)""",
    """CREATE TABLE alert (
        id INTEGER PRIMARY KEY,
        channel TEXT NOT NULL,
        state TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        due_at INTEGER NOT NULL,
        leased_until INTEGER NOT NULL,
        earlier INTEGER NOT NULL,
        error BLOB)""",
    """CREATE INDEX alert_due ON alert (due_at) WHERE state = 'owed'""",
    """CREATE TABLE alert_hit (
        alert_id INTEGER NOT NULL REFERENCES alert,
        hit_id INTEGER NOT NULL REFERENCES hit,
        PRIMARY KEY (alert_id, hit_id)) WITHOUT ROWID""",
    """CREATE TABLE alert_account (
        employee_ix BLOB NOT NULL,
        alert_id INTEGER NOT NULL REFERENCES alert,
        PRIMARY KEY (employee_ix, alert_id)) WITHOUT ROWID""",
    """CREATE TABLE tally (
        day INTEGER NOT NULL,
        kind TEXT NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY (day, kind)) WITHOUT ROWID""",
)


@migrations(name="0001_first")
def first(db: "Database") -> None:
    """Lay the ledger, the mail side and the outbox."""
    for statement in FIRST:
        db.execute(statement)


# `noise` is what base rates are made of, one row kept in step with `decoy` and `tally`, so that it is read
# without adding up; `last_mail` is that of mail kept out of order, else the newest row tells; `withdrawn`
# counts the times at which exposures were taken back. `hit_once` finds the hits of a decoy, too. A `body`
# belongs to no message until all of its pieces are there.
SECOND = (
    """CREATE TABLE noise (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        controls INTEGER NOT NULL,
        selftests INTEGER NOT NULL,
        control_hits INTEGER NOT NULL,
        hits INTEGER NOT NULL,
        strays INTEGER NOT NULL,
        withdrawn INTEGER NOT NULL,
        last_mail INTEGER)""",
    """INSERT INTO noise SELECT 1,
        (SELECT count(*) FROM decoy WHERE control = 1),
        0,
        (SELECT coalesce(sum(count), 0) FROM tally WHERE kind = 'control'),
        (SELECT coalesce(sum(count), 0) FROM tally WHERE kind = 'decoy'),
        (SELECT coalesce(sum(count), 0) FROM tally WHERE kind = 'stray'),
        0,
        (SELECT max(at) FROM delivery)""",
    """DROP INDEX hit_once""",
    """DROP INDEX hit_decoy""",
    """CREATE UNIQUE INDEX hit_once ON hit (decoy_id, message_id)""",
    """CREATE INDEX decoy_selftest ON decoy (id) WHERE control = 2""",
    """CREATE INDEX hit_control ON hit (control, at) WHERE control > 0""",
    """CREATE TABLE body (
        id INTEGER PRIMARY KEY,
        begun_at INTEGER NOT NULL,
        message_id INTEGER REFERENCES message)""",
    """CREATE INDEX body_orphan ON body (begun_at) WHERE message_id IS NULL""",
    """CREATE TABLE piece (
        body_id INTEGER NOT NULL REFERENCES body,
        number INTEGER NOT NULL,
        sealed BLOB NOT NULL,
        PRIMARY KEY (body_id, number))""",
    """CREATE TABLE attempt (
        day INTEGER NOT NULL,
        network_ix BLOB NOT NULL,
        count INTEGER NOT NULL,
        sealed BLOB NOT NULL,
        PRIMARY KEY (day, network_ix)) WITHOUT ROWID""",
    """CREATE TABLE note (key TEXT PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID""",
)


@migrations(name="0002_listener")
def second(db: "Database") -> None:
    """Lay noise, large bodies, attempts and notes."""
    for statement in SECOND:
        db.execute(statement)


# A view's `slots` and `stood` count the decoys that it chooses from: those of its pair (NULL: not counted),
# and the record's shared ones. A `bare` view holds accesses that were shown without decoys. Shared decoys
# (`layer`: 0 view-unique, 1 record-stable, 2 cohort) have no view but a `record_ix`, and when they joined.
# `debt` are the thousandths of controls that are owed.
LAYERS = (
    """ALTER TABLE view ADD COLUMN slots INTEGER""",
    """ALTER TABLE view ADD COLUMN stood INTEGER NOT NULL DEFAULT 0""",
    """ALTER TABLE view ADD COLUMN bare INTEGER NOT NULL DEFAULT 0""",
    """ALTER TABLE decoy ADD COLUMN layer INTEGER NOT NULL DEFAULT 0""",
    """ALTER TABLE decoy ADD COLUMN record_ix BLOB""",
    """ALTER TABLE decoy ADD COLUMN joined_at INTEGER""",
    """CREATE INDEX decoy_record ON decoy (record_ix) WHERE record_ix IS NOT NULL""",
    """ALTER TABLE noise ADD COLUMN debt INTEGER NOT NULL DEFAULT 0""",
)

# Row numbers below a `sequence`'s `next` are taken; `open` of them were set aside and not written yet. A
# `face` is how a decoy looks in exports and pages.
APPLICATIONS = (
    """CREATE TABLE sequence (
        name TEXT PRIMARY KEY,
        next INTEGER NOT NULL,
        open INTEGER NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE touch (
        touch_ix BLOB PRIMARY KEY,
        hit_id INTEGER NOT NULL REFERENCES hit) WITHOUT ROWID""",
    """CREATE TABLE api_key (id INTEGER PRIMARY KEY, sealed BLOB NOT NULL)""",
    """CREATE TABLE request (
        request_ix BLOB PRIMARY KEY,
        at INTEGER NOT NULL,
        digest BLOB NOT NULL) WITHOUT ROWID""",
    """CREATE INDEX request_at ON request (at)""",
    """CREATE TABLE face (decoy_id INTEGER PRIMARY KEY REFERENCES decoy, sealed BLOB NOT NULL)""",
)


@migrations(name="0003_planting")
def third(db: "Database") -> None:
    """Lay the layers of decoys, and what planting for applications needs."""
    for statement in (*LAYERS, *APPLICATIONS):
        db.execute(statement)


# Who sent a message; there is a row once it was appraised.
ORIGINS = (
    """CREATE TABLE origin (message_id INTEGER PRIMARY KEY REFERENCES message, sealed BLOB NOT NULL)""",
    """ALTER TABLE hit ADD COLUMN appraised INTEGER NOT NULL DEFAULT 0""",
    """ALTER TABLE hit ADD COLUMN withheld INTEGER NOT NULL DEFAULT 0""",
    """CREATE INDEX hit_withheld ON hit (class) WHERE withheld = 1""",
    """ALTER TABLE alert ADD COLUMN held_until INTEGER NOT NULL DEFAULT 0""",
    """CREATE INDEX alert_hit_of ON alert_hit (hit_id)""",
)


# What an account was shown is found by who it is: an employee's views stand together, in their order.
ACCOUNTS = ("""CREATE INDEX view_employee ON view (employee_ix)""",)


@migrations(name="0004_incidents")
def fourth(db: "Database") -> None:
    """Lay origins, incidents, their audit, and sellers; have views found by employee."""
    for statement in (*ORIGINS, *INCIDENTS, *ACCOUNTS):
        db.execute(statement)


# What channels were told of incidents. `kind` says whether an alert is the first sign of one; `told` is whom
# it pointed to, and what its channel calls it; `owed_from` is when it was to be told first.
TELLING = (
    """CREATE TABLE alert_incident (
        incident_id INTEGER NOT NULL REFERENCES incident,
        alert_id INTEGER NOT NULL REFERENCES alert,
        PRIMARY KEY (incident_id, alert_id)) WITHOUT ROWID""",
    """CREATE INDEX alert_incident_of ON alert_incident (alert_id)""",
    """ALTER TABLE alert ADD COLUMN kind INTEGER NOT NULL DEFAULT 0""",
    """ALTER TABLE alert ADD COLUMN told BLOB""",
    """ALTER TABLE alert ADD COLUMN owed_from INTEGER NOT NULL DEFAULT 0""",
    """UPDATE alert SET owed_from = created_at""",
)


@migrations(name="0005_telling")
def fifth(db: "Database") -> None:
    """Have alerts know of which incidents they are."""
    for statement in TELLING:
        db.execute(statement)


NEWEST = len(migrations._migrations)  # noqa: SLF001 - the library keeps no public count
