"""Simulate a company with insiders and noise, feed the mail to canary, and count what it makes of it."""

import argparse
import json
import os
import pickle
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import TypeVar

from scripts.simulating.company import Company
from scripts.simulating.grid import scenes
from scripts.simulating.leaks import Kind
from scripts.simulating.playing import play
from scripts.simulating.scene import Outcome, Scene
from scripts.simulating.telling import Report, json_of, markdown_of, report_of
from scripts.simulating.world import PLANS, World, built

WORLDS: dict[str, World] = {}
"""By plan; in memory before the processes that play are forked, so that they need not be told."""

Task = TypeVar("Task")
Result = TypeVar("Result")
NOISE, FULL_NOISE = 100_000, 1_000_000


def main(argv: Sequence[str] | None = None) -> int:
    """Build, play, count, print, and write where asked."""
    told = arguments().parse_args(argv)
    company = Company(told.employees, told.days, told.looks, told.seed)
    with TemporaryDirectory(prefix="simulate-", dir=told.folder) as folder:
        report = simulated(told, company, Path(folder))
    print(markdown_of(report))
    if told.markdown:
        told.markdown.write_text(markdown_of(report) + "\n", encoding="utf-8")
    if told.json:
        told.json.write_text(json.dumps(json_of(report), indent=1) + "\n", encoding="utf-8")
    return 0


def simulated(told: argparse.Namespace, company: Company, folder: Path) -> Report:
    """Return the report on a simulation, made in a folder."""
    began = time.monotonic()
    plans = told.plan or list(PLANS)
    kinds = [Kind[each.upper()] for each in told.kind or ()] or list(Kind)
    wanted = scenes(plans, kinds, told.scale, FULL_NOISE if told.full else told.noise)
    WORLDS.clear()
    homes = [(plan, home_of(told.worlds or folder, plan, company), company) for plan in plans]
    for world in _mapped(told.jobs, _built, homes):
        WORLDS[world.plan] = world
        _say(f"{world.plan}: {world.accesses:,} accesses, {len(world.addresses):,} decoys")
    built_in = time.monotonic() - began
    outcomes: list[Outcome] = []
    for outcome in _mapped(told.jobs, _played, [(each, folder) for each in wanted]):
        outcomes.append(outcome)
        if told.markdown:  # what an interrupted run had found is not lost
            so_far = report_of(company, list(WORLDS.values()), outcomes, told.threshold, {})
            told.markdown.write_text(markdown_of(so_far) + "\n", encoding="utf-8")
        _say(f"{len(outcomes)}/{len(wanted)} {outcome.scene}: {len(outcome.ranked)} incidents")
    seconds = {"build": built_in, "play": time.monotonic() - began - built_in}
    return report_of(company, list(WORLDS.values()), outcomes, told.threshold, seconds)


def _mapped(jobs: int, work: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[Result]:
    """Do tasks in order: in so many forked processes, which have what is in memory, or in this one."""
    if jobs == 1:
        yield from map(work, tasks)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("fork")) as pool:
        yield from pool.map(work, tasks)


def home_of(folder: Path, plan: str, company: Company) -> Path:
    """Return where the database of a company under a plan is."""
    said = f"{plan}-{company.employees}-{company.days}-{company.looks:g}-{company.seed}"
    return folder / said


def _built(told: tuple[str, Path, Company]) -> World:
    """Return a world as it was built before, or build it."""
    plan, home, company = told
    notes = home / "world.pickle"
    if notes.exists():
        found: World = pickle.loads(notes.read_bytes())  # noqa: S301 - our own, of an earlier run
        return replace(found, folder=home)
    home.mkdir(parents=True)
    world = built(home, plan, company)
    notes.write_bytes(pickle.dumps(world))
    return world


def _played(told: tuple[Scene, Path]) -> Outcome:
    scene, folder = told
    return play(WORLDS[scene.plan], scene, Path(mkdtemp(dir=folder)))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def arguments() -> argparse.ArgumentParser:
    """Return what the command line may say."""
    parser = argparse.ArgumentParser(prog="scripts/simulate", description=__doc__)
    add = parser.add_argument
    add("--employees", type=int, default=1000, help="how many there are, up to 560,000 (1,000)")
    add("--days", type=int, default=90, help="for how many days they look at records (90)")
    add("--looks", type=float, default=4.0, help="looks of an employee on a working day, on average (4)")
    add("--seed", type=int, default=1, help="the same seed, the same table (1)")
    add("--scale", type=float, default=1.0, help="part of the leaks that are played (1)")
    add("--noise", type=int, default=NOISE, help=f"noise messages in all ({NOISE:,})")
    add("--full", action="store_true", help=f"{FULL_NOISE:,} noise messages")
    add("--plan", action="append", choices=list(PLANS), help="only under this plan; repeatable")
    kinds = [each.name.lower() for each in Kind]
    add("--kind", action="append", choices=kinds, help="only leaks of this kind; repeatable")
    add("--threshold", type=float, default=0.95, help="from which probability on an account is named (0.95)")
    add("--jobs", type=int, default=os.cpu_count() or 1, help="processes that play at a time")
    add("--json", type=Path, metavar="FILE", help="write all figures here")
    add("--markdown", type=Path, metavar="FILE", help="write the tables here, too")
    add("--worlds", type=Path, metavar="DIR", help="keep what was built here, and use what is there already")
    add("--folder", type=Path, help="where the databases are made; the temporary folder by default")
    return parser


if __name__ == "__main__":
    sys.exit(main())
