"""A sighting becomes a verdict: what it is, how sure we are, and why.

The confidence weighs the ways in which the address could have been written to without coming out of the
accesses that showed it, taken as independent:

- a guess: `tries` recipients that nobody has were tried, each meets this very decoy with chance
  2^-surprisal, so a guess has met it with 1 - (1 - 2^-surprisal)^(tries + 1);
- noise that reaches decoys nobody was shown: where controls were hit, as many shown decoys as their share
  makes one expect, against those that were hit, but never more than half, so that noise cannot silence;
  where none was, 1/2 / (controls + 1) (Jeffreys' estimate of a proportion), or an assumed rate while there
  are few controls;
- another way out of the company (a shared screen, an infected laptop, a copied database): a fixed share,
  because a single decoy is never proof; it shrinks with every further decoy of the same accesses.

Of a decoy that many employees are shown it says how surely the address came out of the accesses of these
together; which of them it was, one such decoy does not tell.

It is a score to rank hits by, on the scale of a probability, and no more exact than its assumptions.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from canary.model import ActorClass, BaseRate, HitClass, Layer, Message, Probe, Verb, Verdict
from canary.persona import bits_to_guess
from canary.ports import Sighting

ASSUMED_NOISE = 0.02
MOST_NOISE = 0.5
CLOCK_SLACK = timedelta(minutes=10)
FEW_CONTROLS = 25
OTHER_WAYS = 0.10
PROBE_SHARE = 0.85
BOUNCE_SHARE = 0.5
FOREIGN_ENVELOPE_SHARE = 0.8
SHOWN_LATER_SHARE = 0.1
OUR_OWN = "a self-test: nobody was ever shown this decoy, and only `canary selftest` writes to it"


def judge_message(message: Message, sightings: Mapping[str, Sighting], rate: BaseRate) -> dict[str, Verdict]:
    """Return a verdict for each decoy that a message was sent to, by recipient."""
    at = message.received_at
    shown = _decoys_by_employee(sightings, at)
    return {
        recipient: _verdict(
            HitClass.MAIL if message.mail_from else HitClass.BOUNCE,
            sighting,
            max((shown[each] for each in _employees(sighting, at)), default=1),
            rate,
            at=at,
            share=_message_share(message),
            notes=_message_notes(message),
        )
        for recipient, sighting in sightings.items()
    }


def judge_probe(probe: Probe, sighting: Sighting, rate: BaseRate) -> Verdict:
    """Return a verdict for a decoy that was named without a message behind it."""
    others = f"; {probe.others} other recipients were tried in the session" if probe.others else ""
    what = (
        "a message was begun for it and broken off or refused"
        if probe.verb is Verb.DATA
        else f"{probe.verb.value} named it and no message followed: somebody is verifying a list"
    )
    return _verdict(HitClass.PROBE, sighting, 1, rate, at=probe.at, share=PROBE_SHARE, notes=(what + others,))


def guess_chance(surprisal: float, tries: int) -> float:
    """Return the chance that so many guesses from the natural distribution met an address.

    `surprisal` is in bits.
    """
    return -math.expm1((tries + 1) * math.log1p(-(2.0 ** -max(surprisal, 1.0))))


def noise_chance(rate: BaseRate) -> float:
    """Return the chance that a hit on a shown decoy is noise; this hit is not yet counted in `rate`."""
    if rate.control_hits and rate.controls:
        expected = rate.control_hits / rate.controls * rate.decoys
        return min(expected / (rate.hits + 1), MOST_NOISE)
    return 0.5 / (rate.controls + 1) if rate.controls >= FEW_CONTROLS else ASSUMED_NOISE


def _verdict(
    hit_class: HitClass,
    sighting: Sighting,
    together: int,
    rate: BaseRate,
    *,
    at: datetime,
    share: float,
    notes: Sequence[str],
) -> Verdict:
    decoy = sighting.decoy
    if decoy.selftest:
        return Verdict(hit_class, 0.0, (OUR_OWN, *notes))
    if decoy.control:
        return Verdict(hit_class, 0.0, ("a control: nobody was ever shown this decoy", *notes))
    if not sighting.accesses:
        return Verdict(hit_class, 0.0, ("no access is on record as having shown this decoy", *notes))
    bits = bits_to_guess(decoy)
    guess = guess_chance(bits, rate.strays)
    by_chance = (1 - guess) * (1 - noise_chance(rate))
    if not any(access.at <= at for access in sighting.accesses):
        share *= SHOWN_LATER_SHARE
    confidence = share * by_chance * (1 - OTHER_WAYS / together)
    reasons = (
        _exposed(sighting, at),
        *_no_persons(sighting),
        *([f"{together} decoys that the same employee was shown were hit together"] if together > 1 else ()),
        (
            f"a guess would have met it with a chance of {_small(guess)} "
            f"({bits:.0f} bits, {rate.strays} unknown recipients tried by then)"
        ),
        _noise_words(rate),
        *_time_notes(sighting, at),
        *notes,
    )
    return Verdict(hit_class, round(max(0.0, min(confidence, 0.99)), 2), reasons)


def _decoys_by_employee(sightings: Mapping[str, Sighting], at: datetime) -> Counter[str]:
    """Return how many of the decoys that a message hit each employee was shown by then."""
    decoys = {each.decoy.id: each for each in sightings.values()}
    return Counter(employee for each in decoys.values() for employee in _employees(each, at))


def _employees(sighting: Sighting, at: datetime) -> set[str]:
    """Return who was shown a decoy by a time; everybody who ever was, where all accesses are later."""
    by_then = {access.employee for access in sighting.accesses if access.at <= at}
    return by_then or {access.employee for access in sighting.accesses}


def _exposed(sighting: Sighting, at: datetime) -> str:
    employees, times = _employees(sighting, at), len(sighting.accesses)
    count = "1 account" if len(employees) == 1 else f"{len(employees):,} accounts"
    count = f"at least {count}" if sighting.more else count
    layer = sighting.decoy.layer
    if layer is Layer.VIEW:
        shown = "was" if len(employees) == 1 else "were"
        over = "over " if sighting.more else ""
        return f"only {count} {shown} shown the address, in {over}{times} access{'es' if times > 1 else ''}"
    whom = "everybody who views" if layer is Layer.STABLE else "a keyed half of those who view"
    return (
        f"{whom} the record is shown this address: {count} by then, and by itself it points to none of them "
        "more than to another"
    )


def _no_persons(sighting: Sighting) -> tuple[str, ...]:
    """Return what the accesses were of that are no person's."""
    found = {access.actor_class for access in sighting.accesses} - {ActorClass.PERSON}
    return tuple(f"shown to {each.value} (not a person)" for each in sorted(found))


def _noise_words(rate: BaseRate) -> str:
    if rate.controls < FEW_CONTROLS:
        return f"only {rate.controls} controls are minted: {ASSUMED_NOISE:.0%} noise is assumed, not measured"
    if not rate.control_hits:
        return f"no hit by then on {rate.controls} controls, which nobody was shown"
    expected = rate.control_hits / rate.controls * rate.decoys
    return (
        f"{rate.control_hits} of {rate.controls} controls, which nobody was shown, were hit by then: "
        f"noise would hit about {expected:.1f} of the {rate.decoys} shown decoys; {rate.hits} were hit before"
    )


def _time_notes(sighting: Sighting, at: datetime) -> tuple[str, ...]:
    notes = []
    if not any(access.at <= at for access in sighting.accesses):
        notes.append("every access on record is dated after it: compare the clocks")
    if all(access.at < sighting.decoy.minted_at - CLOCK_SLACK for access in sighting.accesses):
        notes.append(
            "the decoy was minted after the accesses, from a log: it was seen only if what was minted was "
            "then put into what the employee sees"
        )
    return tuple(notes)


def _message_share(message: Message) -> float:
    share = 1.0 if message.ours else FOREIGN_ENVELOPE_SHARE
    return share if message.mail_from else share * BOUNCE_SHARE


def _message_notes(message: Message) -> tuple[str, ...]:
    notes = []
    if not message.mail_from:
        notes.append("null sender: a bounce or automatic reply; somebody may have forged the decoy as sender")
    if not message.ours:
        notes.append("read from a file: the envelope was not ours, the recipient is what the file says")
    return tuple(notes)


def _small(chance: float) -> str:
    return f"1 in {round(1 / chance):,}" if chance > 0 else "nearly 0"
