"""`canary alerts`: what is owed, what was told, what was refused."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer

from canary import wiring
from canary.alert.dispatcher import Dispatcher
from canary.alert.sample import sample_alert
from canary.cli.context import context_of
from canary.cli.output import print_json, print_table, say
from canary.config import Config
from canary.errors import ConfigurationError, DeliveryError
from canary.investigate import alert_json
from canary.model import AlertState
from canary.ports import Channel, Store, system_clock

group = typer.Typer(help="Look at alerts, send them again, try the channels.", no_args_is_help=True)


@group.callback()
def root() -> None:
    """Look at alerts, send them again, try the channels."""


@group.command("list")
def list_(
    context: typer.Context,
    state: Annotated[AlertState | None, typer.Option(help="Only alerts in this state.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> None:
    """List the alerts, newest first."""
    with context_of(context).store() as store:
        alerts = [alert_json(alert) for alert in store.alerts(state)]
    if as_json:
        print_json(alerts)
        return
    columns = ("id", "channel", "state", "attempts", "created_at", "due_at", "hits", "error")
    print_table(
        columns,
        (
            [", ".join(alert[each]) if each == "hits" else str(alert[each]) for each in columns]
            for alert in alerts
        ),
    )


@group.command("retry")
def retry(
    context: typer.Context,
    ids: Annotated[
        list[str] | None,
        typer.Argument(help="Which alerts; all that are not sent by default.", metavar="[ID]…"),
    ] = None,
) -> None:
    """Send parked and owed alerts now."""
    program = context_of(context)
    config = program.config()
    channels = _channels(config)
    with program.store(config) as store:
        due = store.retry_alerts(ids or [], datetime.now(UTC))
        sent, delayed, parked = asyncio.run(_deliver(store, channels))
    say(f"{due} alerts made due: {sent} sent, {delayed} delayed, {parked} parked")
    if parked or delayed:
        raise DeliveryError(
            f"{parked + delayed} alerts could not be delivered", hint="`canary alerts list` says why"
        )


@group.command("test")
def test(context: typer.Context) -> None:
    """Send a test alert through every channel, past the outbox."""
    channels = _channels(context_of(context).config())
    for name in asyncio.run(_test(channels)):
        say(f"{name}: delivered")


async def _deliver(store: Store, channels: list[Channel]) -> tuple[int, int, int]:
    dispatcher = Dispatcher(store, channels, system_clock, wake=asyncio.Event())
    try:
        return await dispatcher.deliver_due()
    finally:
        for channel in channels:
            await channel.aclose()


async def _test(channels: list[Channel]) -> list[str]:
    try:
        for channel in channels:
            await channel.deliver(sample_alert(system_clock))
    finally:
        for channel in channels:
            await channel.aclose()
    return [channel.name for channel in channels]


def _channels(config: Config) -> list[Channel]:
    channels = wiring.channels_of(config)
    if not channels:
        raise ConfigurationError(
            "no alert channel is configured", hint="set alert.slack.url_file to a file with the webhook's URL"
        )
    return channels
