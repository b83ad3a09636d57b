"""An incident becomes a paragraph that stands: what is known, how surely, and what it does not say."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from canary.inference.wording import count_of, share_of
from canary.investigate.joining import plain
from canary.investigate.layers import few
from canary.investigate.ranking import Explained, RankingView
from canary.model import Access, BaseRate, Hit
from canary.model.casework import CaseFile
from canary.persona import bits_to_guess
from canary.quoting import clean

MOST_NAMED = 4
LEAST_CONTROLS = 30
WORDS_CHARS = 300
LIMITS = (
    "This says through which accounts the addresses were exposed, not who did it: a shared or photographed "
    "screen, an infected computer, a stolen session or a copied database can look the same."
)


def paragraph(case: CaseFile, view: RankingView, rate: BaseRate) -> str:
    """Return what is known of an incident as prose; "" where it has no hits.

    `rate` is the noise now. Every figure is one that `incident show --explain` and `hit show` prove.
    """
    hits = [each.hit for each in case.hits]
    if not hits:
        return ""
    return " ".join([_arrived(hits), *_shown(case, hits), _chance(hits, rate), _weighed(view), LIMITS])


def _arrived(hits: Sequence[Hit]) -> str:
    first, last = min(hit.at for hit in hits), max(hit.at for hit in hits)
    messages = len({hit.message.id for hit in hits if hit.message})
    probes = sum(hit.probe is not None for hit in hits)
    touches = sum(hit.touch is not None for hit in hits)
    came = ((messages, "message"), (probes, "probe"), (touches, "action in the tool"))
    told = [count_of(number, noun) for number, noun in came if number]
    if touches > 1:
        told[-1] = f"{touches:,} actions in the tool"
    number = len({hit.decoy.id for hit in hits})
    what = "an address that is nobody's" if number == 1 else f"{number:,} addresses that are nobody's"
    when = _span(first, last)
    when = when[:1].upper() + when[1:]
    count = messages + probes + touches
    return (
        f"{when} {' and '.join(told)} {'was' if count == 1 else 'were'} aimed at {what}: of decoys, made up "
        f"and shown among real records to whoever looked at these."
    )


def _shown(case: CaseFile, hits: Sequence[Hit]) -> Iterator[str]:
    """Yield through whose access the hit decoys had been shown, of each account that the incident names."""
    decoys = {hit.decoy.id: hit for hit in hits}
    for name in case.incident.accounts[:MOST_NAMED]:
        own = [hit for hit in decoys.values() if {each.employee for each in hit.accesses} == {name}]
        if own:
            yield _of_account(name, own, len(decoys))
    rest = [hit for hit in decoys.values() if len({each.employee for each in hit.accesses}) > 1]
    if rest:
        most = max(len({each.employee for each in hit.accesses}) for hit in rest)
        yield f"{_of(len(rest), len(decoys))} shared by up to {count_of(most, 'account')}."
    if len(case.incident.accounts) > MOST_NAMED:
        yield f"It names {len(case.incident.accounts) - MOST_NAMED:,} more accounts."


def _of_account(name: str, own: Sequence[Hit], number: int) -> str:
    accesses = {each.id: each for hit in own for each in hit.accesses if each.at <= hit.at} or {
        each.id: each for hit in own for each in hit.accesses
    }
    first, last = _ends(accesses.values())
    when = _span(first, last)
    where = [
        f"{label} {few([plain(value) for value in values], MOST_NAMED)}"
        for label, values in (
            ("tool", _distinct(each.tool for each in accesses.values())),
            ("session", _distinct(each.session for each in accesses.values())),
            ("from", _distinct(each.client_ip for each in accesses.values())),
        )
        if values
    ]
    records = few([plain(each) for each in _distinct(each.record for each in accesses.values())], MOST_NAMED)
    return (
        f"{_of(len(own), number)} shown only through the access of the account {plain(name)}, "
        f"{when}, in {'1 access' if len(accesses) == 1 else f'{len(accesses):,} accesses'} to "
        f"{records}{' (' + '; '.join(where) + ')' if where else ''}."
    )


def _chance(hits: Sequence[Hit], rate: BaseRate) -> str:
    bits = min(max(bits_to_guess(hit.decoy), 0.0) for hit in hits)
    guess = f"A likely name meets the easiest of these addresses once in {2.0**bits:,.0f} tries"
    tried = f"{rate.strays:,} were tried so far" if rate.strays else "none was tried so far"
    if not rate.controls:
        return f"{guess}; {tried}. Noise was not measured: there were no controls."
    met = "none" if not rate.control_hits else f"{rate.control_hits:,}"
    few_of_them = ", too few to tell much" if rate.controls < LEAST_CONTROLS else ""
    controls = f"{rate.controls:,} controls, which nobody was ever shown{few_of_them}"
    return f"{guess}; {tried}. Of {controls}, {met} received anything."


def _weighed(view: RankingView) -> str:
    if not view.rows:
        return "Nothing can be weighed."
    first = view.rows[0]
    others = [f"{_words(row)} {share_of(row.probability)}" for row in view.rows[1:MOST_NAMED]]
    rest = f" ({'; '.join(others)})" if others else ""
    return (
        f"Weighed against chance, every other account, accounts together and a copy of the whole store, the "
        f"likeliest explanation is: {_words(first)}, {share_of(first.probability)}{rest}."
    )


def _words(row: Explained) -> str:
    return clean(row.explanation, WORDS_CHARS)


def _of(some: int, number: int) -> str:
    if some == number:
        return "It had been" if number == 1 else f"All {number:,} had been"
    return f"{some:,} of these {number:,} had been"


def _ends(accesses: Iterable[Access]) -> tuple[datetime, datetime]:
    times = [each.at for each in accesses]
    return min(times), max(times)


def _distinct(values: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(value for value in values if value))


def _span(first: datetime, last: datetime) -> str:
    one, other = _time(first), _time(last)
    return f"on {one}" if one == other else f"between {one} and {other}"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
