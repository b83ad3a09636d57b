"""Hits that were kept become appraised ones: their origin, their class, and whether they are told."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence

from canary.model import AlertState, HitClass, Origin, Verdict
from canary.ports import Appraisal, Owing
from canary.store.bodies import HIT, verdict_body
from canary.store.codec import Codec, public_id, row_id
from canary.store.origins import origin_of, write_origin

TELLING = (
    "SELECT ah.alert_id FROM alert_hit ah JOIN alert a ON a.id = ah.alert_id "
    "WHERE ah.hit_id = ? AND a.state = 'owed' AND a.attempts = 0 AND a.leased_until = 0"
)
GONE = (
    "SELECT 1 FROM alert_hit ah JOIN alert a ON a.id = ah.alert_id WHERE ah.hit_id = ? "
    "AND NOT (a.state = 'withheld' OR a.state = 'owed' AND a.attempts = 0 AND a.leased_until = 0) LIMIT 1"
)
LEFT = "SELECT h.id FROM alert_hit ah JOIN hit h ON h.id = ah.hit_id WHERE ah.alert_id = ? AND h.withheld = 0"
ON_CONTROLS = (
    "SELECT message_id FROM hit WHERE control > 0 AND control = 1 AND message_id IS NOT NULL "
    "ORDER BY at DESC LIMIT ?"
)


def appraise(
    db: sqlite3.Connection, codec: Codec, owing: Owing, appraisals: Sequence[Appraisal], *, held: bool = False
) -> Mapping[HitClass, int]:
    """Write what was found out; return how many hits of each class are withheld by that.

    A hit that was appraised already stays as it is: somebody else was first. What is told stays `held` where
    it is joined to an incident next, which lets it go.
    """
    withheld: dict[HitClass, int] = {}
    for each in appraisals:
        if each.origin is not None and each.message:
            write_origin(db, codec, row_id("msg", each.message), each.origin)
        told, silent = [], []
        for hit_id, verdict in each.verdicts.items():
            number = row_id("hit", hit_id)
            quiet = bool(each.quiet) or not owing.tells(verdict)
            quiet = quiet and db.execute(GONE, (number,)).fetchone() is None  # else it was told by now
            purpose = _appraised(db, codec, number, verdict, quiet=quiet)
            if purpose is None:
                continue
            if quiet and not purpose:
                silent.append(number)
                withheld[verdict.hit_class] = withheld.get(verdict.hit_class, 0) + 1
            else:
                told.append(number)
        _settle(db, () if held else told, silent)
    return withheld


def on_controls(db: sqlite3.Connection, codec: Codec, most: int) -> Iterator[tuple[str, Origin]]:
    """Yield the origins of the newest messages that controls were sent, each with its message."""
    numbers = dict.fromkeys(number for (number,) in db.execute(ON_CONTROLS, (most,)))
    for number in numbers:
        origin = origin_of(db, codec, number)
        if origin is not None:
            yield public_id("msg", number), origin


def _appraised(
    db: sqlite3.Connection, codec: Codec, number: int, verdict: Verdict, *, quiet: bool
) -> int | None:
    """Give a hit its verdict; return what its decoy is for (0 for a shown one), None if it had one."""
    row = db.execute("SELECT control, sealed FROM hit WHERE id = ? AND appraised = 0", (number,)).fetchone()
    if row is None:
        return None
    purpose, sealed = row
    body = HIT.read(codec.open(b"hit", number, sealed))
    body.verdict = verdict_body(verdict)
    db.execute(
        "UPDATE hit SET class = ?, sealed = ?, appraised = 1, withheld = ? WHERE id = ?",
        (
            verdict.hit_class.value,
            codec.seal(b"hit", number, HIT.write(body)),
            int(quiet and not purpose),
            number,
        ),
    )
    return int(purpose)


def _settle(db: sqlite3.Connection, told: Sequence[int], silent: Sequence[int]) -> None:
    """Let alerts go that wait for hits that are told; take those out that are not.

    An alert of which nothing is left is withheld, and still tells what of.
    """
    for number in told:
        alerts = [alert for (alert,) in db.execute(TELLING, (number,))]
        db.executemany("UPDATE alert SET held_until = 0 WHERE id = ?", [(alert,) for alert in alerts])
    for number in silent:
        for (alert,) in db.execute(TELLING, (number,)).fetchall():
            if db.execute(f"{LEFT} LIMIT 1", (alert,)).fetchone():
                db.execute("DELETE FROM alert_hit WHERE alert_id = ? AND hit_id = ?", (alert, number))
            else:
                db.execute(
                    "UPDATE alert SET state = ?, held_until = 0 WHERE id = ?",
                    (AlertState.WITHHELD.value, alert),
                )
