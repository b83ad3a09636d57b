"""What the store, the disks and the process say of themselves becomes figures."""

import asyncio
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from canary import tallies
from canary.errors import StoreError
from canary.metrics.exposition import sorted_out
from canary.metrics.figures import (
    Held,
    certificate_figures,
    disk_figures,
    process_figures,
    selftest_figures,
    status_figures,
)
from canary.metrics.names import BY_KEY
from canary.model import AlertState
from canary.ports import Status
from canary.tallies import Snapshot
from tests.parts import START

STATUS = Status(
    accesses=5, decoys=4, controls=3, hits=2, control_hits=1, strays=9, messages=2,
    alerts={AlertState.OWED: 1, AlertState.SENT: 2, AlertState.PARKED: 0},
    oldest_owed=START, last_mail=START, last_selftest=None, size_bytes=4096, schema=2,
)  # fmt: skip


def labels_are_listed(figures: Snapshot) -> bool:
    found, unlisted = sorted_out(figures)
    return not unlisted and all(
        not BY_KEY[key].values or label in BY_KEY[key].values
        for key in found
        for label in found[key]
        if label
    )


def test_the_status_of_the_store_becomes_figures_that_are_all_listed() -> None:
    figures = status_figures(STATUS, START + timedelta(minutes=20))
    assert labels_are_listed(figures)
    assert figures[tallies.ALERT_OLDEST_OWED_SECONDS] == 1200
    assert figures[f"{tallies.ALERTS}|owed"] == 1
    assert figures[tallies.LAST_MAIL_AT] == START.timestamp()


def test_a_time_that_is_not_known_has_no_figure_and_no_alert_owed_is_no_age() -> None:
    figures = status_figures(replace(STATUS, last_mail=None, oldest_owed=None), START)
    assert not {tallies.LAST_MAIL_AT, tallies.LAST_SELFTEST_AT} & figures.keys()
    assert figures[tallies.ALERT_OLDEST_OWED_SECONDS] == 0


def test_a_clock_that_was_set_back_makes_no_age_negative() -> None:
    assert status_figures(STATUS, START - timedelta(days=1))[tallies.ALERT_OLDEST_OWED_SECONDS] == 0


def test_every_state_of_an_alert_has_a_label() -> None:
    assert {state.value for state in AlertState} == set(BY_KEY[tallies.ALERTS].values)


def test_disks_have_a_size_and_a_rest_and_those_that_are_not_there_have_none(tmp_path: Path) -> None:
    figures = disk_figures({"store": tmp_path, "spill": tmp_path / "gone"})
    assert figures.keys() == {f"{tallies.DISK_BYTES}|store", f"{tallies.DISK_FREE_BYTES}|store"}
    assert 0 < figures[f"{tallies.DISK_FREE_BYTES}|store"] <= figures[f"{tallies.DISK_BYTES}|store"]
    assert labels_are_listed(figures)


def test_a_process_says_what_it_takes() -> None:
    figures = process_figures("worker")
    assert figures[f"{tallies.PROCESS_MEMORY_BYTES}|worker"] > 1_000_000
    assert figures[f"{tallies.PROCESS_CPU_SECONDS}|worker"] > 0
    assert figures[f"{tallies.PROCESS_DESCRIPTORS}|worker"] >= 3
    assert labels_are_listed(figures)


def test_how_the_last_self_test_ended_is_known_once_there_was_one() -> None:
    assert selftest_figures(None) == {}
    assert selftest_figures("ok") == {tallies.SELFTEST_OK: 1}
    assert selftest_figures("failed") == {tallies.SELFTEST_OK: 0}


def test_the_certificate_for_all_other_names_is_the_default() -> None:
    figures = certificate_figures({"": START, "mail.one.example": START})
    assert figures.keys() == {
        f"{tallies.CERTIFICATE_EXPIRES_AT}|default", f"{tallies.CERTIFICATE_EXPIRES_AT}|mail.one.example"
    }  # fmt: skip


class Asked:
    """Somebody who is asked for figures: counts how often, fails or never answers when told to."""

    def __init__(self) -> None:
        self.times = 0
        self.fails = False
        self.answers = asyncio.Event()
        self.answers.set()

    async def __call__(self) -> Snapshot:
        self.times += 1
        if self.fails:
            raise StoreError("locked")
        await self.answers.wait()
        return {tallies.DECOYS: self.times}


class Hands:
    """A clock that is moved by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_many_who_want_figures_at_once_ask_once() -> None:
    asked = Asked()
    held = Held(asked, clock=Hands())
    assert list(await asyncio.gather(held(), held(), held())) == [{tallies.DECOYS: 1}] * 3
    assert asked.times == 1


async def test_figures_are_asked_for_again_after_a_while() -> None:
    asked, hands = Asked(), Hands()
    held = Held(asked, seconds=10, clock=hands)
    await held()
    hands.now = 9.9
    assert await held() == {tallies.DECOYS: 1}
    hands.now = 10
    assert await held() == {tallies.DECOYS: 2}


async def test_a_store_that_fails_leaves_the_old_figures_for_a_minute_and_then_none() -> None:
    asked, hands = Asked(), Hands()
    held = Held(asked, clock=hands)
    await held()
    asked.fails, hands.now = True, 59
    assert await held() == {tallies.DECOYS: 1}
    hands.now = 60
    assert await held() == {}
    asked.fails = False
    assert await held() == {tallies.DECOYS: 4}


async def test_a_store_that_does_not_answer_holds_nobody_up_and_is_not_asked_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("canary.metrics.figures.PATIENCE_SECONDS", 0.01)
    asked = Asked()
    asked.answers.clear()
    held = Held(asked, clock=Hands())
    began = time.monotonic()
    assert [await held() for _ in range(5)] == [{}] * 5
    assert time.monotonic() - began < 20
    assert asked.times == 1
    asked.answers.set()
    monkeypatch.setattr("canary.metrics.figures.PATIENCE_SECONDS", 60)
    assert await held() == {tallies.DECOYS: 1}
