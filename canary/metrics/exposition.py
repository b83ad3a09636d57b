"""A snapshot becomes Prometheus's text, with no more labels than the table has."""

import math
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from canary import __version__
from canary.metrics.names import BUILD_INFO, BY_KEY, FAMILIES, OTHER, OWN, UNLISTED, Family, Kind
from canary.tallies import BOUNDS, Snapshot

NAMES_SHOWN = 200
"""How many values a label without a list of them may have; certificates are far fewer."""

Figures = dict[str, float]


def exposition(
    snapshot: Snapshot, accept: str = "", families: Sequence[Family] = FAMILIES
) -> tuple[bytes, str]:
    """Return the metrics and their content type, in the newest format that `accept` asks for."""
    encode, content_type = choose_encoder(accept)
    return encode(_Shown(snapshot, families)), content_type


class _Shown(Collector):
    """A snapshot as prometheus_client wants to have it."""

    def __init__(self, snapshot: Snapshot, families: Sequence[Family]) -> None:
        self._sorted, self._unlisted = sorted_out(snapshot)
        self._families = families

    def collect(self) -> Iterator[Metric]:
        """Give one metric after another, in the table's order."""
        for family in self._families:
            found = self._sorted.get(family.key, {})
            if family.kind is Kind.HISTOGRAM:
                if found or family.rests:
                    yield _histogram(family, found)
            elif shown := _labelled(family, found):
                yield _plain(family, shown)
        build = GaugeMetricFamily(BUILD_INFO, OWN[BUILD_INFO], labels=["version", "python"])
        build.add_metric([__version__, platform.python_version()], 1)
        yield build
        yield GaugeMetricFamily(UNLISTED, OWN[UNLISTED], value=self._unlisted)


def sorted_out(snapshot: Snapshot) -> tuple[Mapping[str, Figures], int]:
    """Return the figures of each key by label or bound, and how many no metric is made of."""
    found: dict[str, Figures] = {}
    unlisted = 0
    for tally, value in snapshot.items():
        key, _, part = tally.partition("#" if "#" in tally else "|")
        family = BY_KEY.get(key)
        if family is None or ("#" in tally) is not (family.kind is Kind.HISTOGRAM):
            unlisted += 1
        else:
            found.setdefault(key, {})[part] = value
    return found, unlisted


def _labelled(family: Family, found: Figures) -> Figures:
    """Return the figures by what their label will say, zeros for those that rest."""
    if not family.label:
        return {"": found.get("", 0)} if found or family.rests else {}
    shown: Figures = dict.fromkeys(family.values, 0.0) if family.rests else {}
    for label, value in found.items():
        named = label in family.values or (not family.values and len(shown) < NAMES_SHOWN)
        told = label if named else OTHER
        shown[told] = shown.get(told, 0) + value
    return shown


def _plain(family: Family, shown: Figures) -> Metric:
    labels = [family.label] if family.label else []
    metric: CounterMetricFamily | GaugeMetricFamily
    if family.kind is Kind.COUNTER:
        metric = CounterMetricFamily(family.name, family.help, labels=labels)
    else:
        metric = GaugeMetricFamily(family.name, family.help, labels=labels)
    for label, value in shown.items():
        metric.add_metric([label] if labels else [], value)
    return metric


def _histogram(family: Family, found: Figures) -> Metric:
    metric = HistogramMetricFamily(family.name, family.help)
    metric.add_metric([], [*_cumulated(BOUNDS[family.key], found)], found.get("sum", 0))
    return metric


def _cumulated(bounds: Iterable[float], found: Figures) -> Iterator[tuple[str, float]]:
    """Give each bound with what is not above it; the last one, +Inf, is the count."""
    total = 0.0
    for bound in (*bounds, math.inf):
        total += found.get(f"{bound:g}", 0)
        yield "+Inf" if bound == math.inf else repr(float(bound)), total
