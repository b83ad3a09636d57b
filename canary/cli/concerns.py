"""What `canary status` sees beside the database becomes warnings for whoever runs the mail host."""

import shutil
from collections.abc import Mapping
from datetime import datetime, timedelta

from canary import wiring
from canary.cli.output import counted
from canary.config import Config
from canary.errors import ConfigurationError
from canary.ports import Status
from canary.sink.tls import expiries_of

SCARCE_BYTES = 2 * 1000**3
SCARCE_PART = 0.1
ENDING = timedelta(days=14)
LATE = timedelta(minutes=15)


def concerns(config: Config, status: Status, tested: str, now: datetime) -> list[str]:
    """Return what an operator should look after before it becomes a loss."""
    found = [*_of_selftest(config, status, tested, now), *_of_disk(config)]
    for name, ends in certificate_ends(config).items():
        if ends - now < ENDING:
            left = "has ended" if ends <= now else f"ends in {counted((ends - now).days, 'day')}"
            found.append(f"the certificate {name or 'in use'} {left}: renew it; no restart is needed")
    if status.oldest_owed and now - status.oldest_owed > LATE:
        found.append("an alert has been due for long: `canary alerts list --state owed` says why")
    return found


def certificate_ends(config: Config) -> Mapping[str, datetime]:
    """Return when each certificate ends, "" being that of all other names; nothing that cannot be read."""
    if not config.sink.hostname:
        return {}
    try:
        return expiries_of(wiring.sink_settings(config))
    except ConfigurationError:
        return {}


def _of_selftest(config: Config, status: Status, tested: str, now: datetime) -> list[str]:
    found = []
    if tested == "failed":
        found.append("the last self-test failed: `canary selftest` says at which leg")
    silence = config.alert.silence
    if silence and (status.last_selftest is None or now - status.last_selftest > silence):
        found.append("no self-test has arrived within alert.silence: is its timer running, does mail arrive?")
    return found


def _of_disk(config: Config) -> list[str]:
    places = {config.store.path.parent, config.sink.spill_folder or config.store.path.parent}
    found = []
    for place in sorted(places):
        usage = shutil.disk_usage(place)
        if usage.free < SCARCE_BYTES or usage.free < usage.total * SCARCE_PART:
            found.append(
                f"{usage.free / 1e9:,.1f} GB are free at {place}: senders are told to wait when it is full"
            )
    return found
