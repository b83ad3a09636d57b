"""Messages and probes become attributed ones, and those kept ones."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from canary.attribute import judge_message, judge_probe
from canary.errors import CanaryError
from canary.model import BaseRate, Message, Probe
from canary.ports import Attributed, Finding, Kept, Sighting, Store

Arrival = Message | Probe
Outcome = Kept | CanaryError


def keep_message(store: Store, message: Message) -> Kept:
    """Attribute a message and keep it; durable when this returns. Raises StoreError."""
    return _only(keep_all(store, [message], store.base_rate))


def keep_probe(store: Store, probe: Probe) -> Kept:
    """Attribute a probe and keep it; durable when this returns. Raises StoreError."""
    return _only(keep_all(store, [probe], store.base_rate))


def keep_at_once(
    store: Store, arrivals: Sequence[Arrival], rate: Callable[[], BaseRate]
) -> Sequence[Outcome]:
    """Keep what arrived together as `keep_all` does, or raise an error, keeping nothing, rather than wait."""
    noise = rate()
    return store.keep_at_once(arrivals, lambda arrival, sightings: attributed(arrival, sightings, noise))


def keep_all(store: Store, arrivals: Sequence[Arrival], rate: Callable[[], BaseRate]) -> Sequence[Outcome]:
    """Attribute what arrived together and keep it in one commit; durable when this returns.

    Of what cannot be kept the error stands in its place. Raises StoreError where none could be kept.
    """
    sightings = store.sightings({recipient for each in arrivals for recipient in _recipients(each)})
    noise = rate()
    return store.keep([attributed(each, sightings, noise) for each in arrivals])


def attributed(arrival: Arrival, sightings: Mapping[str, Sighting], rate: BaseRate) -> Attributed:
    """Return a message or probe with a verdict for each decoy that it names, once."""
    if isinstance(arrival, Probe):
        seen = sightings.get(arrival.recipient)
        found = [] if seen is None else [Finding(seen.decoy, judge_probe(arrival, seen, rate))]
        return Attributed(arrival, found)
    named = _each_once({to: sightings[to] for to in arrival.recipients if to in sightings})
    verdicts = judge_message(arrival, named, rate)
    return Attributed(arrival, [Finding(named[to].decoy, verdict) for to, verdict in verdicts.items()])


def _recipients(arrival: Arrival) -> Iterable[str]:
    return (arrival.recipient,) if isinstance(arrival, Probe) else arrival.recipients


def _each_once(sightings: Mapping[str, Sighting]) -> Mapping[str, Sighting]:
    """Return one recipient for each decoy: two spellings of one address are one decoy."""
    if len(sightings) < 2:  # noqa: PLR2004 - one cannot be twice
        return sightings
    by_decoy = {each.decoy.id: recipient for recipient, each in reversed([*sightings.items()])}
    return {recipient: each for recipient, each in sightings.items() if by_decoy[each.decoy.id] == recipient}


def _only(outcomes: Sequence[Outcome]) -> Kept:
    (outcome,) = outcomes
    if isinstance(outcome, CanaryError):
        raise outcome
    return outcome
