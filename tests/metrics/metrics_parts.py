"""What the tests of metrics share."""

import re
from pathlib import Path

from canary.metrics.names import FAMILIES, OWN, Family, Kind

TOP = Path(__file__).parents[2]
RULES = TOP / "examples" / "prometheus" / "canary-rules.yml"
DASHBOARD = TOP / "examples" / "grafana" / "canary.json"
MANUAL = TOP / "docs" / "metrics.md"
MOST_VALUES_IN_A_ROW = 8


def served_names() -> set[str]:
    """Return every name that a query may ask for; histograms have three."""
    names = set(OWN)
    for family in FAMILIES:
        parts = ("_bucket", "_sum", "_count") if family.kind is Kind.HISTOGRAM else ("",)
        names |= {family.name + part for part in parts}
    return names


def names_in(text: str) -> set[str]:
    """Return the names of metrics in a query or in a whole file of them."""
    return set(re.findall(r"\bcanary_[a-z0-9_]+", text))


def row_of(family: Family) -> str:
    """Return a metric's row in the manual."""
    values = family.values if len(family.values) <= MOST_VALUES_IN_A_ROW else ()
    label = f"`{family.label}`" if family.label else ""
    told = ": " + ", ".join(values) if values else ""
    return f"| `{family.name}` | {family.kind} | {label}{told} | {family.help} |"
