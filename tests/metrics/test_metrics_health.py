"""Figures become a word on health."""

import asyncio

import pytest

from canary import tallies
from canary.errors import StoreError
from canary.metrics.health import LEAST_FREE_BYTES, answers, readiness
from canary.tallies import Snapshot

WELL: Snapshot = {
    tallies.WORKERS: 2,
    tallies.WORKERS_WANTED: 2,
    f"{tallies.DISK_FREE_BYTES}|store": LEAST_FREE_BYTES,
    f"{tallies.DISK_FREE_BYTES}|spill": LEAST_FREE_BYTES,
    f"{tallies.CERTIFICATE_EXPIRES_AT}|mail.one.example": 1001,
    tallies.ALERT_OLDEST_OWED_SECONDS: 900,
}


async def said(figures: Snapshot) -> dict[str, str]:
    async def snapshot() -> Snapshot:
        return figures

    return await answers(readiness(snapshot, clock=lambda: 1000.0))


async def test_all_is_well_up_to_the_bounds() -> None:
    assert await said(WELL) == {"workers": "", "disk": "", "certificate": "", "alerts": ""}


async def test_a_sink_without_certificates_and_without_workers_of_its_own_is_well() -> None:
    free = f"{tallies.DISK_FREE_BYTES}|store"
    assert not any((await said({free: LEAST_FREE_BYTES})).values())


@pytest.mark.parametrize(
    ("changed", "check", "why"),
    [
        ({tallies.WORKERS: 0}, "workers", "none of 2 is alive"),
        ({tallies.WORKERS: 1}, "workers", ""),
        ({f"{tallies.DISK_FREE_BYTES}|spill": 12_000_000}, "disk", "12 MB free for the spill"),
        (
            {f"{tallies.CERTIFICATE_EXPIRES_AT}|mail.one.example": 1000},
            "certificate",
            "that of mail.one.example expired 1970-01-01 00:16 UTC",
        ),
        ({tallies.ALERT_OLDEST_OWED_SECONDS: 1020}, "alerts", "one has been owed for 17 minutes"),
    ],
)
async def test_what_is_not_well_is_said(changed: Snapshot, check: str, why: str) -> None:
    answered = await said({**WELL, **changed})
    assert answered[check] == why
    assert sum(map(bool, answered.values())) == bool(why)


async def test_a_disk_that_cannot_be_asked_is_not_well() -> None:
    assert (await said({}))["disk"] == "cannot be asked"


async def test_alerts_may_wait_as_long_as_they_are_told_to() -> None:
    async def snapshot() -> Snapshot:
        return {tallies.ALERT_OLDEST_OWED_SECONDS: 3600}

    checks = readiness(snapshot, longest_owed=3600)
    assert await checks["alerts"]() == ""


async def test_a_check_that_fails_or_takes_too_long_is_an_answer_and_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("canary.metrics.health.CHECK_SECONDS", 0.02)

    async def locked() -> str:
        raise StoreError("the database is locked")

    async def broken() -> str:
        raise ValueError("secret@one.example")

    async def stuck() -> str:
        await asyncio.Event().wait()
        return ""

    async def well() -> str:
        return ""

    checks = {"locked": locked, "broken": broken, "stuck": stuck, "well": well}
    assert await answers(checks) == {
        "locked": "the database is locked",
        "broken": "failed: ValueError",
        "stuck": "no answer within 0.02 s",
        "well": "",
    }
