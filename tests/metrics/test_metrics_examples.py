"""The dashboard and the rules ask for metrics that are served, and Prometheus takes them."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from canary.metrics.names import BY_KEY, FAMILIES, OWN, Family
from tests.metrics.metrics_parts import DASHBOARD, MANUAL, RULES, names_in, served_names
from tests.parts import need

BOARD = json.loads(DASHBOARD.read_text(encoding="utf-8"))
PANELS = BOARD["panels"]
COLUMNS = 24
SELECTED = re.compile(r"(canary_[a-z_]+)\{([^}]*)\}")
LABELLED = re.compile(r"(\w+)\s*(=~|=|!=|!~)\s*\"([^\"]*)\"")
TARGET_LABELS = {"job", "instance"}
RULE = re.compile(r"^      - alert: (\w+)$", re.MULTILINE)


def queries_of_the_dashboard() -> Iterator[str]:
    for panel in PANELS:
        yield from (target["expr"] for target in panel.get("targets", ()))
    for annotation in BOARD["annotations"]["list"]:
        yield from [annotation["expr"]] if "expr" in annotation else []


def queries_of_the_rules() -> list[str]:
    return re.findall(r"^        expr: (.+)$", RULES.read_text(encoding="utf-8"), re.MULTILINE)


QUERIES = [*queries_of_the_dashboard(), *queries_of_the_rules()]


def family_of(name: str) -> Family | None:
    by_name = {family.name: family for family in FAMILIES}
    return by_name.get(name) or by_name.get(re.sub(r"_(bucket|sum|count)$", "", name))


def test_every_metric_that_is_asked_for_is_served() -> None:
    known = served_names() | {family.name for family in FAMILIES}
    for file in (DASHBOARD, RULES):
        assert names_in(file.read_text(encoding="utf-8")) <= known
    for query in QUERIES:
        assert names_in(query) <= served_names(), query


def test_every_label_that_is_asked_for_is_one_that_the_metric_has() -> None:
    for query in QUERIES:
        for name, selectors in SELECTED.findall(query):
            family = family_of(name)
            for label, _, value in LABELLED.findall(selectors):
                if label in TARGET_LABELS:
                    continue
                assert family is not None, query
                assert label == family.label, query
                assert set(value.split("|")) <= set(family.values), query


def test_every_label_that_is_grouped_by_is_one_that_the_metric_has() -> None:
    for query in QUERIES:
        labels = {family.label for name in names_in(query) if (family := family_of(name))} | {"le"}
        for grouped in re.findall(r"(?:by|without) \(([^)]*)\)", query):
            assert set(re.split(r",\s*", grouped)) <= labels | TARGET_LABELS, query


def test_the_dashboard_shows_every_metric() -> None:
    shown = {re.sub(r"_(bucket|sum|count)$", "", name) for query in QUERIES for name in names_in(query)}
    assert shown >= {family.name for family in FAMILIES} | set(OWN)


def test_the_dashboard_is_one_that_grafana_11_takes() -> None:
    assert BOARD["schemaVersion"] >= 39
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    assert {panel["type"] for panel in PANELS} <= {"row", "timeseries", "stat", "heatmap"}
    assert [variable["name"] for variable in BOARD["templating"]["list"]] == ["datasource", "job", "instance"]
    for panel in PANELS:
        if panel["type"] != "row":
            assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
            assert all(target["datasource"] == panel["datasource"] for target in panel["targets"])
            assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])


def test_no_panels_overlap_and_all_fit_the_width() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in PANELS:
        at: dict[str, int] = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= COLUMNS
        taken |= cells


def test_the_rows_are_those_of_the_manual_and_none_is_empty() -> None:
    rows = [panel["title"] for panel in PANELS if panel["type"] == "row"]
    assert rows == [
        "Now",
        "Mail",
        "Clients and limits",
        "Durability",
        "Alerts",
        "Self-test",
        "Processes",
        "Applications",
    ]
    assert not any(a["type"] == b["type"] == "row" for a, b in pairwise(PANELS))


def test_every_rule_is_in_the_manual_and_has_a_severity() -> None:
    text = RULES.read_text(encoding="utf-8")
    severities = re.findall(r"labels: \{severity: (critical|warning|info)\}", text)
    listed = re.findall(r"^\| `(Canary\w+)` \| (\w+) \|", MANUAL.read_text(encoding="utf-8"), re.MULTILINE)
    assert listed == list(zip(RULE.findall(text), severities, strict=True))


def test_the_rules_wait_for_counters_that_are_there_before_they_count() -> None:
    resting = {family.name for family in FAMILIES if family.rests}
    for query in queries_of_the_rules():
        for counter in re.findall(r"increase\((canary_\w+)", query):
            assert counter in resting, query


def promtool(*arguments: str, folder: Path) -> None:
    """Run Prometheus's own tool, which has to find nothing wrong."""
    tool = which("promtool")
    need(tool, "promtool (Debian: prometheus)")
    ended = subprocess.run([str(tool), *arguments], cwd=folder, capture_output=True, timeout=60, check=False)
    assert ended.returncode == 0, (ended.stdout + ended.stderr).decode()


def test_prometheus_takes_the_configuration_and_the_rules() -> None:
    promtool("check", "config", "prometheus.yml", folder=RULES.parent)


def test_the_rules_tell_of_what_they_are_for_and_of_nothing_else(tmp_path: Path) -> None:
    shutil.copy(RULES, tmp_path)
    shutil.copy(Path(__file__).with_name("canary-rules-test.yml"), tmp_path)
    promtool("test", "rules", "canary-rules-test.yml", folder=tmp_path)


def test_prometheus_takes_every_query_of_the_dashboard(tmp_path: Path) -> None:
    rules: list[dict[str, Any]] = [
        {"record": f"query:{number}", "expr": query.replace("$__rate_interval", "1m")}
        for number, query in enumerate(queries_of_the_dashboard())
    ]
    (tmp_path / "rules.yml").write_text(
        json.dumps({"groups": [{"name": "x", "rules": rules}]}), encoding="utf-8"
    )
    promtool("check", "rules", "rules.yml", folder=tmp_path)


@pytest.mark.parametrize("key", sorted(BY_KEY))
def test_no_label_tells_of_anybody(key: str) -> None:
    told = {"listener", "verb", "code", "outcome", "version", "cause", "place", "novelty", "operation"}
    assert BY_KEY[key].label in told | {"", "kind", "on", "state", "name", "role"}
