"""Plans and their odds become tables for people, a picture, and JSON."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from canary.cli.output import say, whole_file
from canary.cli.table import print_table
from canary.errors import CanaryError
from canary.odds.colleagues import Colleagues
from canary.odds.domains import REAL_REPEATS, Domains
from canary.odds.guess import Guessing
from canary.odds.leak import Leak
from canary.odds.outlook import Outlook, Row, rows_of, spread
from canary.odds.plot import Line, draw

DIGITS = 6
CERTAIN = 0.9995
RULE_OF_THREE = 3
PLOTTED = 10_000
GUESS_COLUMNS = ("floor", "rule", "safe up to", "years")


@dataclass(frozen=True, slots=True)
class Planned:
    """What was reckoned: plans beside each other, and under which assumptions."""

    leak: Leak
    colleagues: Colleagues
    insiders: int
    domains: Domains
    floor_bits: float
    guesses: float
    limit: float
    plans: tuple[tuple[Outlook, Guessing], ...]

    def assumptions(self) -> str:
        """Return in words what the chances assume."""
        leak, people = self.leak, self.colleagues
        spread = f" from {leak.pages:,} pages evenly" if leak.pages else ", whole pages"
        return (
            f"{leak.page:,} addresses a page{spread}; {leak.mailed:.4g} of them mailed; "
            f"{people.employees:,} employees, {people.viewers:.4g} view a record that leaks"
        ).replace(f"{leak.mailed:.4g} of", f"{leak.mailed * 100:.4g} % of")


def print_planned(planned: Planned) -> None:
    """Print three tables: chances by size of the leak, from where on they are good, and guesses."""
    compare = f"{planned.insiders} compare"
    say(planned.assumptions())
    say()
    print_table(
        ("plan", "leak", "pages", "decoys", "mailed", "seen", "attributed", compare, "domains twice"),
        ((told.layers.name, *_cells(row)) for told, _ in planned.plans for row in told.rows),
        spare=("domains twice", "pages"),
        none="no leaks",
    )
    say()
    print_table(
        ("95 % from", "seen", "attributed", compare, "what a record shows"),
        (
            (
                told.layers.name,
                *(_from(size, planned.leak) for size in (told.seen, told.attributed, told.compared)),
                _layers(told),
            )
            for told, _ in planned.plans
        ),
        spare=("what a record shows",),
        none="no plans",
    )
    say()
    print_table(
        ("guesses at", "decoys", "fullest", "one guess", f"{planned.guesses:,.0f}", *GUESS_COLUMNS),
        ((told.layers.name, *_guess_cells(planned, guess)) for told, guess in planned.plans),
        spare=("rule", "floor"),
        none="no plans",
    )
    _notes(planned)


def _cells(row: Row) -> tuple[str, ...]:
    return (
        f"{row.size:,}",
        f"{row.pages:,}",
        f"{row.alone.decoys:.1f}",
        f"{row.alone.hits:.1f}",
        percent(row.alone.seen),
        percent(row.alone.attributed),
        percent(row.compared.attributed),
        f"{row.repeats:.1f}",
    )


def _guess_cells(planned: Planned, guess: Guessing) -> tuple[str, ...]:
    return (
        f"{guess.decoys:,}",
        f"{guess.fullest:,.0f}",
        "none" if not guess.chance else f"1 in {1 / guess.chance:,.0f}",
        f"{guess.hits:,.1f}",
        f"{planned.floor_bits:g} bits",
        f"{guess.rule:.1f} bits",
        f"{guess.room:,}",
        "any" if guess.years is None else f"{guess.years:,.1f}",
    )


def _layers(told: Outlook) -> str:
    layers = told.layers
    rate = "" if layers.view_rate == 1 else f" on {layers.view_rate * 100:.4g} % of views"
    return (
        f"{layers.per_view} view-unique{rate} (cap {layers.cap}), {layers.stable} record-stable, "
        f"{layers.cohort} cohort, {layers.controls} controls in 1,000"
    )


def _from(size: int | None, leak: Leak) -> str:
    return f"{size:,}" if size else "never" if leak.pages else "not by 100,000"


def _notes(planned: Planned) -> None:
    """Say what the figures mean where that needs a word."""
    say()
    say("a one-character typo or swap in a decoy is never another decoy of its domain")
    for told, guess in planned.plans:
        name = told.layers.name
        minted = guess.decoys * told.layers.controls / (1000 + told.layers.controls)
        if minted >= RULE_OF_THREE:
            say(
                f"{name}: {minted:,.0f} controls, none of them hit, would bound noise at "
                f"{RULE_OF_THREE / minted * 100:.2g} % of decoys (95 %)"
            )
        large = max(told.rows, key=lambda row: row.repeats)
        if large.size <= 1000 and large.repeats > 2 * REAL_REPEATS:  # noqa: PLR2004 - what was measured
            say(
                f"{name}: a leak of {large.size:,} shows {large.repeats:.1f} domains twice or oftener; "
                f"1,000 real addresses show {REAL_REPEATS} small ones so: more domains hide decoys better"
            )


def percent(chance: float) -> str:
    """Return a chance as a percentage that is 0 or 100 only where it nearly is."""
    if 0 < chance < 1 - CERTAIN:
        return "<0.1 %"
    if CERTAIN <= chance < 1:
        return ">99.9 %"
    return f"{chance * 100:.1f} %"


def draw_planned(planned: Planned, file: Path, kind: str) -> None:
    """Draw the chances into a file, as `svg` or `png`. Raises CanaryError without matplotlib."""
    leak = planned.leak
    sizes = spread(PLOTTED if leak.pages is None else max(leak.pages * leak.page, 2))
    together = f"attributed, {planned.insiders} compare"
    lines = {}
    for told, _ in planned.plans:
        rows = rows_of(told.layers, leak, sizes, planned.colleagues, planned.insiders, planned.domains)
        lines[told.layers.name] = {
            "seen": Line(sizes, [row.alone.seen for row in rows], told.seen),
            "attributed": Line(sizes, [row.alone.attributed for row in rows], told.attributed),
            together: Line(sizes, [row.compared.attributed for row in rows], told.compared),
        }
    try:
        with whole_file(file) as target:
            draw(lines, planned.assumptions(), target, kind)
    except ImportError:
        raise CanaryError("--plot needs matplotlib", hint="pip install 'canary[plot]'") from None


def planned_json(planned: Planned) -> dict[str, Any]:
    """Return the contract of `canary plan --json`; chances are from 0 to 1."""
    leak, people = planned.leak, planned.colleagues
    return {
        "assumed": {
            "page": leak.page,
            "pages": leak.pages,
            "looks": leak.looks,
            "mailed": leak.mailed,
            "employees": people.employees,
            "viewers": people.viewers,
            "skew": people.skew,
            "insiders": planned.insiders,
            "domains": len(planned.domains.shares),
            "floor_bits": planned.floor_bits,
            "guesses": planned.guesses,
            "guess_limit": planned.limit,
        },
        "plans": [_plan_json(told, guess) for told, guess in planned.plans],
    }


def _plan_json(told: Outlook, guess: Guessing) -> dict[str, Any]:
    return {
        **asdict(told.layers),
        "leaks": [_row_json(row) for row in told.rows],
        "sure_from": {"seen": told.seen, "attributed": told.attributed, "compared": told.compared},
        "guessing": {
            "decoys": guess.decoys,
            "fullest_domain": round(guess.fullest, 1),
            "chance": _rounded(guess.chance),
            "relative_error": round(guess.error, 3),
            "hits_a_year": _rounded(guess.hits),
            "typo": 0.0,
            "rule_bits": round(guess.rule, 1),
            "room": guess.room,
            "years": None if guess.years is None else round(guess.years, 2),
            "safe": guess.safe,
        },
    }


def _row_json(row: Row) -> dict[str, Any]:
    return {
        "leak": row.size,
        "pages": row.pages,
        "decoys": _rounded(row.alone.decoys),
        "hits": _rounded(row.alone.hits),
        "seen": _rounded(row.alone.seen),
        "attributed": _rounded(row.alone.attributed),
        "seen_compared": _rounded(row.compared.seen),
        "compared": _rounded(row.compared.attributed),
        "repeated_domains": round(row.repeats, 2),
    }


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
