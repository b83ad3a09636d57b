"""Figures become a report: tables to read, and JSON."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from scripts.simulating.company import Company
from scripts.simulating.figures import (
    Bin,
    CellFigures,
    Share,
    accused,
    calibration,
    figures_of,
    leading,
    noise_of,
    pointed_at,
    points_wrongly,
    wrongly,
)
from scripts.simulating.leaks import Kind
from scripts.simulating.scene import Outcome
from scripts.simulating.world import World

COLUMNS = (
    "leak", "addresses", "mailed", "plan", "leaks", "hits", "seen", "told", "named", "narrowed",
    "by hand", "incidents", "wrong", "days", "mails", "named after",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Report:
    """All figures of a simulation. `noise` counts recipients by kind, `false_alerts` alerts of it."""

    company: Company
    worlds: Mapping[str, Mapping[str, int]]
    threshold: float
    cells: Sequence[CellFigures]
    calibrated: Mapping[str, Sequence[Bin]]
    noise: Mapping[str, int]
    hits: Mapping[str, int]
    false_alerts: Mapping[str, int]
    incidents: int
    wrong: Mapping[str, int]
    wrong_words: Sequence[str]
    seconds: Mapping[str, float]


def report_of(
    company: Company,
    worlds: Sequence[World],
    outcomes: Sequence[Outcome],
    threshold: float,
    seconds: Mapping[str, float],
) -> Report:
    """Return the report on what was played."""
    hits: Counter[str] = Counter()
    alerts: Counter[str] = Counter()
    words = []
    wrong: Counter[str] = Counter()
    for outcome in outcomes:
        hits.update({f"{source} {said}": count for (source, said), count in outcome.hits.items()})
        for told in outcome.alerts:
            if not any(name.startswith("leak ") for name in told.sources):
                alerts[" and ".join(sorted({name.partition(" ")[0] for name in told.sources}))] += 1
        kind = outcome.scene.cell.kind.value if outcome.scene.cell else "noise alone"
        wrong[f"{kind}, alerts"] += sum(points_wrongly(each, threshold) for each in outcome.alerts)
        for ranked in outcome.ranked:
            if accounts := wrongly(ranked, threshold):
                wrong[f"{kind}, incidents"] += len(accounts)
                words.append(f"{outcome.scene}: {', '.join(sorted(accounts))}, by {dict(ranked.sources)}")
    return Report(
        company,
        {
            each.plan: {
                "accesses": each.accesses,
                "exposures": each.exposures,
                "decoys": len(each.addresses),
                "controls": len(each.controls),
            }
            for each in worlds
        },
        threshold,
        figures_of(outcomes, threshold),
        dict(_calibrations(outcomes)),
        dict(noise_of(outcomes)),
        dict(hits),
        dict(alerts),
        sum(len(outcome.ranked) for outcome in outcomes),
        dict(wrong),
        words,
        seconds,
    )


def _calibrations(outcomes: Sequence[Outcome]) -> Iterator[tuple[str, Sequence[Bin]]]:
    """Yield calibrations by what they are of; those of copied stores apart."""
    some = [each for outcome in outcomes if not _is_bulk(outcome) for each in outcome.ranked]
    bulk = [each for outcome in outcomes if _is_bulk(outcome) for each in outcome.ranked]
    alerts = [each for outcome in outcomes if not _is_bulk(outcome) for each in outcome.alerts]
    yield "leading explanations of incidents", calibration(leading(some))
    yield "accounts in rankings of incidents", calibration(accused(some))
    yield "whom alerts pointed to", calibration(pointed_at(alerts))
    yield "leading explanations where a store was copied", calibration(leading(bulk))


def _is_bulk(outcome: Outcome) -> bool:
    return outcome.scene.cell is not None and outcome.scene.cell.kind is Kind.BULK


def markdown_of(report: Report) -> str:
    """Return the tables as Markdown, which reads well in a terminal, too."""
    return "\n\n".join(map("\n".join, _parts(report)))


def _parts(report: Report) -> Iterator[list[str]]:
    company = report.company
    yield [
        f"{company.employees:,} employees, {company.days} days, seed {company.seed}; "
        + "; ".join(
            f"plan {plan}: " + ", ".join(f"{count:,} {what}" for what, count in each.items())
            for plan, each in report.worlds.items()
        )
    ]
    yield list(_table(COLUMNS, map(_row, sorted(report.cells, key=_order))))
    for what, bins in report.calibrated.items():
        yield [f"Calibration: {what}", "", *_calibrated(bins)]
    noise = ", ".join(f"{count:,} {kind}" for kind, count in sorted(report.noise.items()))
    yield [f"Noise, recipients named: {sum(report.noise.values()):,} ({noise})."]
    yield [
        f"Hits by source and class: {', '.join(f'{what} {n:,}' for what, n in sorted(report.hits.items()))}."
    ]
    alerts = ", ".join(f"{what} {count:,}" for what, count in sorted(report.false_alerts.items()))
    yield [f"Alerts that tell of no leak: {alerts or 'none'}."]
    wrong = "; ".join(f"{what} {count}" for what, count in sorted(report.wrong.items()) if count) or "none"
    yield [f"Wrong accusations from {report.threshold:.0%} on, in {report.incidents:,} incidents: {wrong}."]
    if report.seconds:
        yield [f"Took {', '.join(f'{each:.0f} s to {what}' for what, each in report.seconds.items())}."]


def _order(figures: CellFigures) -> tuple[int, int, float, str]:
    return list(Kind).index(figures.cell.kind), figures.cell.size, figures.cell.mailed, figures.plan


def _row(each: CellFigures) -> tuple[str, ...]:
    return (
        str(each.cell.kind),
        f"{each.cell.size:,}",
        f"{each.cell.mailed:.0%}",
        each.plan,
        str(each.seen.of),
        f"{each.hits:.1f}",
        _percent(each.seen),
        _percent(each.told),
        _percent(each.named),
        str(each.narrowed),
        str(each.by_hand),
        f"{each.incidents:.1f}",
        f"{each.wrong}/{each.wrong_alerts}",
        "-" if each.days is None else f"{each.days:.1f}",
        "-" if each.mails is None else f"{each.mails:.0f}",
        "-" if each.pointed is None else f"{each.pointed:.1f}",
    )


def _percent(share: Share) -> str:
    return f"{share.count / share.of:.0%}" if share.of else "-"


def _calibrated(bins: Sequence[Bin]) -> Iterator[str]:
    rows = (
        (f"{each.low:.0%} to {each.high:.0%}", f"{each.right.of:,}", f"{each.stated:.1%}", str(each.right))
        for each in bins
    )
    return _table(("said", "times", "on average", "right"), rows)


def _table(columns: Sequence[str], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    cells = [tuple(columns), *rows]
    widths = [max(len(row[place]) for row in cells) for place in range(len(columns))]
    for place, row in enumerate(cells):
        yield "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        if not place:
            yield "|" + "|".join("-" * (width + 2) for width in widths) + "|"


def json_of(report: Report) -> dict[str, Any]:
    """Return all figures; a share is how many of how many, with its interval."""
    company = report.company
    body = asdict(report)
    body["company"] = {"employees": company.employees, "days": company.days, "looks": company.looks}
    body["company"]["seed"] = company.seed
    return {key: _plain(value) for key, value in body.items()}


def _plain(value: Any) -> Any:
    """Return what `asdict` made, shares with their intervals."""
    if isinstance(value, Mapping):
        if value.keys() == {"count", "of"}:
            low, high = Share(value["count"], value["of"]).interval
            return {**value, "low": round(low, 4), "high": round(high, 4)}
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value
