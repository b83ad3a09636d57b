"""The tables of incidents: what belongs together, what was done about it, and whom the company knows."""

# `opened_at` and `last_at` are the times of the oldest and the newest hit. One that was `merged_into` another
# has no hits any more. What an incident is found by stands in `incident_account` and `incident_indicator`,
# always what its hits say. Nobody can change the audit, this program included: the triggers refuse.
INCIDENTS = (
    """CREATE TABLE incident (
        id INTEGER PRIMARY KEY,
        state TEXT NOT NULL,
        opened_at INTEGER NOT NULL,
        last_at INTEGER NOT NULL,
        hits INTEGER NOT NULL,
        merged_into INTEGER REFERENCES incident)""",
    """CREATE INDEX incident_last ON incident (last_at) WHERE merged_into IS NULL""",
    """CREATE TABLE incident_hit (
        hit_id INTEGER PRIMARY KEY REFERENCES hit,
        incident_id INTEGER NOT NULL REFERENCES incident,
        sealed BLOB NOT NULL)""",
    """CREATE INDEX incident_hit_of ON incident_hit (incident_id)""",
    """CREATE TABLE incident_account (
        employee_ix BLOB NOT NULL,
        incident_id INTEGER NOT NULL REFERENCES incident,
        sealed BLOB NOT NULL,
        PRIMARY KEY (employee_ix, incident_id)) WITHOUT ROWID""",
    """CREATE INDEX incident_account_of ON incident_account (incident_id)""",
    """CREATE TABLE incident_indicator (
        indicator_ix BLOB NOT NULL,
        incident_id INTEGER NOT NULL REFERENCES incident,
        sealed BLOB NOT NULL,
        PRIMARY KEY (indicator_ix, incident_id)) WITHOUT ROWID""",
    """CREATE INDEX incident_indicator_of ON incident_indicator (incident_id)""",
    """CREATE TABLE audit (
        id INTEGER PRIMARY KEY,
        incident_id INTEGER NOT NULL REFERENCES incident,
        at INTEGER NOT NULL,
        sealed BLOB NOT NULL)""",
    """CREATE INDEX audit_incident ON audit (incident_id)""",
    """CREATE TRIGGER audit_stands BEFORE UPDATE ON audit
        BEGIN SELECT raise(ABORT, 'the audit is never changed'); END""",
    """CREATE TRIGGER audit_stays BEFORE DELETE ON audit
        BEGIN SELECT raise(ABORT, 'nothing is taken out of the audit'); END""",
    """CREATE TRIGGER audit_grows BEFORE INSERT ON audit
        WHEN NEW.id <= (SELECT coalesce(max(id), 0) FROM audit)
        BEGIN SELECT raise(ABORT, 'the audit only grows'); END""",
    """CREATE TABLE seller (id INTEGER PRIMARY KEY, seller_ix BLOB NOT NULL UNIQUE, sealed BLOB NOT NULL)""",
)
