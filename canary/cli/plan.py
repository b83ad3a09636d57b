"""`canary plan`: what a plan of decoys can do, before it is chosen."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from canary.cli.context import Context, context_of
from canary.cli.output import print_json
from canary.cli.planned import Planned, draw_planned, planned_json, print_planned
from canary.config import Config
from canary.errors import ConfigurationError, UsageError
from canary.odds.colleagues import Colleagues
from canary.odds.domains import Domains
from canary.odds.guess import LIMIT, Guessing, Meeting, Volume, guessing, meeting_at, remedy
from canary.odds.layers import Layers
from canary.odds.leak import Leak
from canary.odds.outlook import outlook
from canary.odds.plot import FORMATS

UNPLANNED = "mint"
SIZES = (10, 30, 100, 300, 1000, 3000, 10_000)


def run(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PLAN",
            help=f"Plans of the configuration; `{UNPLANNED}`: what records without one get.  [default: all]",
        ),
    ] = None,
    view_rate: Annotated[
        float | None,
        typer.Option(
            "--view-rate",
            help="The share of views that get view-unique decoys, instead of the plan's.",
            metavar="SHARE",
        ),
    ] = None,
    per_view: Annotated[
        int | None,
        typer.Option(
            "--per-view", help="View-unique decoys that such a view gets, instead of the plan's.", metavar="N"
        ),
    ] = None,
    cap: Annotated[
        int | None,
        typer.Option(
            "--cap", help="The most of them that an employee sees of a record, likewise.", metavar="N"
        ),
    ] = None,
    stable: Annotated[
        int | None, typer.Option("--stable", help="Record-stable decoys of a record, likewise.", metavar="N")
    ] = None,
    cohort: Annotated[
        int | None, typer.Option("--cohort", help="Cohort decoys of a record, likewise.", metavar="N")
    ] = None,
    controls: Annotated[
        int | None,
        typer.Option("--controls", help="Controls minted for 1,000 decoys, likewise.", metavar="N"),
    ] = None,
    age: Annotated[
        float | None,
        typer.Option(
            "--age",
            help="Days since a record's first view.  [default: all decoys have joined]",
            metavar="DAYS",
        ),
    ] = None,
    page: Annotated[
        int, typer.Option("--page", help="Addresses that a page shows, decoys among them.", metavar="N")
    ] = 20,
    looks: Annotated[
        int,
        typer.Option("--looks", help="Views that an employee has had of a record in the leak.", metavar="N"),
    ] = 1,
    leaks: Annotated[
        list[int] | None,
        typer.Option(
            "--leak", help="Addresses in the leak; repeatable.  [default: 10 to 10,000]", metavar="N"
        ),
    ] = None,
    pages: Annotated[
        int | None,
        typer.Option(
            "--pages", help="Take them evenly from so many pages.  [default: whole pages]", metavar="N"
        ),
    ] = None,
    mailed: Annotated[
        float, typer.Option("--mailed", help="The share of the leak that gets mail.", metavar="SHARE")
    ] = 0.1,
    employees: Annotated[
        int, typer.Option("--employees", help="Employees who look at the same records.", metavar="N")
    ] = 20,
    viewers: Annotated[
        float | None,
        typer.Option(
            "--viewers",
            help="How many of them view a record that leaks.  [default: 6, or all if they are fewer]",
            metavar="N",
        ),
    ] = None,
    skew: Annotated[
        float,
        typer.Option("--skew", help="How unevenly records are viewed; 0 is evenly.", metavar="EXPONENT"),
    ] = 1.0,
    insiders: Annotated[
        int, typer.Option("--insiders", help="How many compare their screens.", metavar="N", min=2, max=20)
    ] = 2,
    domains: Annotated[
        int | None,
        typer.Option("--domains", help="So many equal domains instead of mint.domains.", metavar="N"),
    ] = None,
    views: Annotated[
        float, typer.Option("--views", help="Views a day, of all employees.", metavar="N")
    ] = 100,
    years: Annotated[float, typer.Option("--years", help="For how long.", metavar="N")] = 1,
    records: Annotated[
        int, typer.Option("--records", help="Records that are viewed in that time.", metavar="N")
    ] = 600,
    decoys: Annotated[
        int | None, typer.Option("--decoys", help="So many decoys instead of reckoning them.", metavar="N")
    ] = None,
    stored: Annotated[bool, typer.Option("--store", help="Add the decoys that the database holds.")] = False,
    guesses: Annotated[
        float, typer.Option("--guesses", help="Guesses a year at the fullest domain.", metavar="N")
    ] = 10_000,
    limit: Annotated[
        float,
        typer.Option(
            "--guess-limit", help="The greatest chance of one guess that is safe.", metavar="CHANCE"
        ),
    ] = LIMIT,
    plot: Annotated[
        Path | None, typer.Option("--plot", help="Draw the chances, as .svg or .png.", metavar="FILE")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Reckon what decoys do: how likely a leak is seen and attributed, and a decoy guessed.

    Several plans are compared. A plan whose decoys can be guessed too easily is
    refused, with exit code 78.
    """
    kind = _kind(plot)
    program = context_of(context)
    config = program.config()
    plans = _plans(
        config,
        names or (),
        age,
        view_rate=view_rate,
        per_view=per_view,
        cap=cap,
        stable=stable,
        cohort=cohort,
        controls=controls,
    )
    leak = Leak(min(leaks or (1,)), page, mailed, looks, pages)
    colleagues = Colleagues(employees, min(6.0, employees) if viewers is None else viewers, skew)
    carried = _domains(config, domains)
    volume = Volume(views, years, records, _held(program, config) if stored else 0, decoys)
    met = meeting_at(config.mint.floor_bits)
    sizes = sorted(set(leaks)) if leaks else _sizes(leak)
    planned = Planned(
        leak,
        colleagues,
        insiders,
        carried,
        config.mint.floor_bits,
        guesses,
        limit,
        tuple(
            (
                outlook(each, leak, sizes, colleagues, insiders, carried),
                guessing(each, volume, carried, met, guesses, limit),
            )
            for each in plans
        ),
    )
    if plot:
        draw_planned(planned, plot, kind)
    if as_json:
        print_json(planned_json(planned))
    else:
        print_planned(planned)
    _refuse(planned, met)


def _plans(config: Config, names: Sequence[str], age: float | None, **given: Any) -> tuple[Layers, ...]:
    """Return the layers of the plans that were named, or of all, with what was given in their place."""
    if age is not None and not 0 <= age < 1e6:  # noqa: PLR2004 - some thousand years
        raise UsageError(f"--age {age:g} is no number of days", hint="--age takes 0 or more")
    mint = config.mint
    known = {UNPLANNED: Layers(UNPLANNED, 1.0, mint.per_view, mint.cap)} | {
        plan.name: Layers(
            plan.name,
            plan.view_rate,
            plan.per_view,
            plan.cap,
            _joined(plan.stable, plan.join_every, age),
            _joined(plan.cohort, plan.join_every, age),
            plan.controls,
        )
        for plan in config.plans
    }
    for name in names:
        if name not in known:
            raise UsageError(
                f"there is no plan {name}: known are {', '.join(known)}",
                hint=f"write [plan.{name}] in the configuration, or give options without a plan",
            )
    chosen = names or [plan.name for plan in config.plans] or [UNPLANNED]
    overrides = {key: value for key, value in given.items() if value is not None}
    return tuple(replace(known[name], **overrides) for name in dict.fromkeys(chosen))


def _joined(count: int, every: timedelta, age: float | None) -> int:
    """Return how many decoys of a layer a record has: one at once, one more after each span."""
    return count if age is None else min(count, 1 + timedelta(days=age) // every)


def _domains(config: Config, count: int | None) -> Domains:
    if count is not None:
        return Domains.weighing([1.0] * min(max(count, 0), 1_000_000))
    return Domains.weighing([domain.weight for domain in config.mint.domains])


def _held(program: Context, config: Config) -> int:
    with program.store(config) as store:
        status = store.status()
    return status.decoys + status.controls


def _sizes(leak: Leak) -> Sequence[int]:
    """Return the sizes to tell where none was asked for: as far as the pages go."""
    if leak.pages is None:
        return SIZES
    shown = leak.pages * leak.page
    return [*(size for size in SIZES if size < shown), shown]


def _kind(plot: Path | None) -> str:
    kind = plot.suffix[1:].lower() if plot else ""
    if plot and kind not in FORMATS:
        raise UsageError(f"--plot {plot}: the name must end in .svg or .png")
    return kind


def _refuse(planned: Planned, met: Meeting) -> None:
    unsafe: list[tuple[str, Guessing]] = [
        (told.layers.name, guess) for told, guess in planned.plans if not guess.safe
    ]
    if unsafe:
        name, worst = max(unsafe, key=lambda each: each[1].chance)
        raise ConfigurationError(
            f"plan {name} is not safe: one guess in {1 / worst.chance:,.0f} meets one of its "
            f"{worst.decoys:,} decoys, and the limit is one in {1 / planned.limit:,.0f}",
            hint=remedy(worst, planned.floor_bits, met, planned.limit),
        )
