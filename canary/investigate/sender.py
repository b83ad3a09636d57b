"""A message's origin becomes lines and JSON: who says to have sent it, what proves that, its indicators."""

from collections.abc import Iterator
from typing import Any

from canary.model import Indicator, Origin, Strength
from canary.quoting import clean, defanged

MOST_SHOWN = 20
VALUE_CHARS = 120
SUMMARY_CHARS = 600
STRENGTHS = {
    Strength.IDENTIFIES: "identifies",
    Strength.SUPPORTS: "supports",
    Strength.HINTS: "hints",
}


def origin_lines(origin: Origin | None) -> Iterator[str]:
    """Yield what is known of who sent a message; a stranger's words clean, capped, and not to be clicked."""
    if origin is None:
        yield "Origin     not looked at yet"
        return
    yield "Origin     what it says of its sender, and what proves that"
    yield f"  checks     {clean(origin.summary, SUMMARY_CHARS) or '-'}"
    proven = ", ".join(map(_shown, origin.authenticated)) or "no domain"
    aligned = f"; the From domain by {' and '.join(origin.aligned)}" if origin.aligned else ""
    yield f"  proven     {proven}{aligned}"
    yield f"  claimed    {', '.join(map(_shown, origin.organisations[:MOST_SHOWN])) or '-'}"
    if origin.network:
        yield f"  network    {origin.network}"
    yield from (f"  note       {defanged(clean(note, 2 * VALUE_CHARS))}" for note in origin.notes)
    if origin.indicators:
        yield "Indicators by which its sender may be known again, the strongest first"
    for each in origin.indicators[:MOST_SHOWN]:
        yield f"  {STRENGTHS[each.strength]:<10} {each.kind}: {_shown(each.value)}"
    if len(origin.indicators) > MOST_SHOWN:
        yield f"  … and {len(origin.indicators) - MOST_SHOWN} more (--json lists them)"


def origin_json(origin: Origin) -> dict[str, Any]:
    """Return who sent a message; values are a stranger's words as they were normalised."""
    return {
        "summary": origin.summary,
        "evaluated": origin.evaluated,
        "header_from": origin.header_from,
        "authenticated": list(origin.authenticated),
        "aligned": list(origin.aligned),
        "organisations": list(origin.organisations),
        "network": origin.network,
        "notes": list(origin.notes),
        "indicators": [indicator_json(each) for each in origin.indicators],
    }


def indicator_json(indicator: Indicator) -> dict[str, Any]:
    """Return an indicator."""
    return {
        "kind": indicator.kind,
        "value": indicator.value,
        "strength": STRENGTHS[indicator.strength],
    }


def _shown(value: str) -> str:
    return defanged(clean(value, VALUE_CHARS))
