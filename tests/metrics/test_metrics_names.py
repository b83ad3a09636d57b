"""The table of metrics is the truth: what is counted, served and documented agrees with it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from canary import tallies
from canary.metrics.names import BY_KEY, CAUSES, FAMILIES, OWN, Kind
from canary.tallies import BOUNDS, GAUGES, LIMITS
from tests.metrics.metrics_parts import MANUAL, TOP, row_of

KEYS = {
    name: value
    for name, value in vars(tallies).items()
    if name.isupper() and isinstance(value, str) and not name.startswith("LIMIT_")
}
CAUSE_KEYS = {
    name: value
    for name, value in vars(tallies).items()
    if name.startswith("LIMIT_") and isinstance(value, str)
}
COUNTING = frozenset({"add", "put", "observe"})
MEMORY_OF_COUNTS = re.compile(r"_?tallies")


def test_every_key_is_one_metric_and_every_metric_is_of_one_key() -> None:
    assert sorted(family.key for family in FAMILIES) == sorted(KEYS.values())
    assert len({family.name for family in FAMILIES} | OWN.keys()) == len(FAMILIES) + len(OWN)


def test_kinds_agree_with_what_the_processes_are_told_of_them() -> None:
    assert {family.key for family in FAMILIES if family.kind is Kind.GAUGE} == GAUGES
    assert {family.key for family in FAMILIES if family.kind is Kind.HISTOGRAM} == set(BOUNDS)


def test_names_are_such_as_prometheus_wants_them() -> None:
    for family in FAMILIES:
        assert re.fullmatch(r"canary_[a-z][a-z_]*[a-z]", family.name)
        assert family.name.endswith("_total") is (family.kind is Kind.COUNTER)
        assert family.help.endswith(".")
        assert not family.values or family.label
        assert len(set(family.values)) == len(family.values)


def test_every_cause_of_a_limit_is_a_label_of_limits() -> None:
    assert {value.partition("|")[0] for value in CAUSE_KEYS.values()} == {LIMITS}
    assert set(BY_KEY[LIMITS].values) == set(CAUSES)
    assert len(CAUSES) == len(CAUSE_KEYS)


def test_the_bounds_of_every_histogram_ascend_and_have_keys_of_their_own() -> None:
    for bounds in BOUNDS.values():
        assert list(bounds) == sorted(set(bounds))
        assert len({f"{bound:g}" for bound in bounds}) == len(bounds)


def test_the_manual_has_a_row_for_every_metric_and_no_other() -> None:
    text = MANUAL.read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| `canary_")]
    assert rows == [row_of(family) for family in FAMILIES]
    for name in (*OWN, *(f"| `{cause}` |" for cause in CAUSES)):
        assert name in text


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted((TOP / "canary").rglob("*.py")):
        if path.name != "tallies.py" and "metrics" not in path.parts:
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def counted(tree: ast.Module) -> Iterator[ast.expr]:
    """Give the key of every call that counts something."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.args:
            held = call.func.value
            name = (
                held.attr
                if isinstance(held, ast.Attribute)
                else held.id
                if isinstance(held, ast.Name)
                else ""
            )
            if call.func.attr in COUNTING and MEMORY_OF_COUNTS.fullmatch(name):
                yield call.args[0]


def named(expression: ast.expr) -> str:
    """Return the last name of an expression, "" if it is none."""
    if isinstance(expression, ast.Attribute):
        return expression.attr
    return expression.id if isinstance(expression, ast.Name) else ""


def test_nothing_is_counted_under_a_key_that_is_written_out() -> None:
    found = [
        f"{path.relative_to(TOP)}:{key.lineno}"
        for path, tree in sources()
        for key in counted(tree)
        if isinstance(key, ast.Constant)
        or (isinstance(key, ast.JoinedStr) and not isinstance(key.values[0], ast.FormattedValue))
    ]
    assert not found, "keys are the constants of canary/tallies.py"


def test_every_label_that_is_written_out_is_one_of_its_metric() -> None:
    wrong = []
    for path, tree in sources():
        for text in (node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)):
            first, *rest = text.values
            key = KEYS.get(named(first.value)) if isinstance(first, ast.FormattedValue) else None
            if key is None or not rest or not isinstance(rest[0], ast.Constant):
                continue
            bar, label = str(rest[0].value)[:1], str(rest[0].value)[1:]
            complete = len(rest) == 1
            if bar != "|" or (complete and label not in BY_KEY[key].values):
                wrong.append(f"{path.relative_to(TOP)}:{text.lineno}: {key}{bar}{label}")
    assert not wrong


def counts(text: str, name: str) -> bool:
    """Say whether a source counts under a constant, or under its label where labels are values of an Enum."""
    label = CAUSE_KEYS.get(name, "").partition("|")[2]
    by_label = bool(label) and "{LIMITS}|{" in text and f'"{label}"' in text
    return by_label or re.search(rf"\b{name}\b", text) is not None


@pytest.mark.parametrize("name", sorted(KEYS | CAUSE_KEYS))
def test_every_key_is_counted_by_somebody(name: str) -> None:
    declared = {TOP / "canary" / "tallies.py", TOP / "canary" / "metrics" / "names.py"}
    paths = [path for path in (TOP / "canary").rglob("*.py") if path not in declared]
    assert any(counts(path.read_text(encoding="utf-8"), name) for path in paths), "a metric at 0 misleads"
