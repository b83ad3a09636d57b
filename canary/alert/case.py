"""What is known of an alert's incident becomes words: whom it points to, what would decide, what to run."""

from collections.abc import Iterator

from canary.alert.markup import Quote, Sentence, clean, quoted
from canary.inference.wording import share_of
from canary.model import Alert, Briefing, Case

LINE_CHARS = 300
NAMED = 3
VALUE_CHARS = 80


def heading(alert: Alert) -> str:
    """Return what an alert's title begins with: its incident, and which update it is; "" without one."""
    case = alert.case
    if case is None:
        return ""
    if case.flood:
        return f"{len(case.incidents)} incidents at once: "
    return f"{_names(case)}, update {case.updates}: " if case.updates else f"{_names(case)}: "


def news_title(alert: Alert) -> str:
    """Return the part of a title that says whom the incident now points to; "" where that is no news."""
    told, case = alert.briefing, alert.case
    if told is None or case is None or not told.news:
        return ""
    said = clean(told.news.partition("; ")[0], LINE_CHARS)
    return said[:1].lower() + said[1:]


def news(alert: Alert) -> Quote | None:
    """Return how whom the incident points to has changed, None where it has not."""
    told = alert.briefing
    return quoted(told.news, LINE_CHARS) if told and told.news else None


def progress(alert: Alert) -> Sentence | None:
    """Say how far an incident has come that was told before, None for a first sign."""
    case = alert.case
    if case is None or not case.updates:
        return None
    hits = sum(each.hits for each in case.incidents)
    since = f"; told {case.updates:,} {'time' if case.updates == 1 else 'times'} before"
    more = "1 hit" if len(alert.hits) == 1 else f"{len(alert.hits):,} hits"
    return (f"{more} more: {hits:,} in all{since}. State: {_states(case)}.",)


def known(alert: Alert, most: int) -> tuple[Quote, ...]:
    """Return what the hits of the incident say together, each a line, the first `most` of a kind."""
    told = alert.briefing
    return tuple(_known(told, most)) if told and told.said else ()


def commands(alert: Alert) -> Iterator[Sentence]:
    """Yield what to run about the incident, first things first."""
    if alert.case is None:
        return
    yield from _checks(alert.briefing)
    name = alert.case.incidents[0].id
    if alert.case.flood:
        yield ("Look at them, newest first: ", quoted("canary incidents", VALUE_CHARS), ".")
        return
    yield (
        "Say that you are at it: ",
        quoted(f'canary incident set {name} investigating --why "…"', 120),
        ".",
    )
    if any(each.accounts for each in alert.case.incidents):
        exposed = quoted(f"canary incident exposed {name} --csv", VALUE_CHARS)
        yield ("List whose records were shown in the same time: ", exposed, ".")


def show_command(case: Case) -> str:
    """Return the command that shows all of an incident, or lists those of a flood."""
    return "canary incidents" if case.flood else f"canary incident show {case.incidents[0].id} --explain"


def _checks(told: Briefing | None) -> Iterator[Sentence]:
    if told is None:
        return
    for each in told.checks[:1]:
        yield ("What would decide: ", quoted(each, LINE_CHARS), ".")


def _known(told: Briefing, most: int) -> Iterator[Quote]:
    yield quoted(told.said, LINE_CHARS)
    for probability, words in told.rows[: max(most, 1)]:
        yield quoted(f"{share_of(probability)}: {words}", LINE_CHARS)
    for each in told.interests[:most]:
        yield quoted(f"Who wins, who wrote: {each}", LINE_CHARS)
    for each in told.links[:most]:
        yield quoted(f"Linked: {each}", LINE_CHARS)


def _names(case: Case) -> str:
    names = [each.id for each in case.incidents[:NAMED]]
    more = len(case.incidents) - NAMED
    return ", ".join(names) + (f" and {more} more" if more > 0 else "")


def _states(case: Case) -> str:
    return ", ".join(sorted({each.state.value for each in case.incidents}))
