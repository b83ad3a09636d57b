"""`canary alerts`: what is owed, what was told, what was refused."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer

from canary import wiring
from canary.alert.dispatcher import Brief, Dispatcher
from canary.alert.sample import sample_alert
from canary.cli.context import context_of
from canary.cli.output import counted, either, print_json, print_jsonl, say
from canary.cli.table import print_table
from canary.config import Config
from canary.errors import CanaryError, ConfigurationError, DeliveryDelayed, DeliveryError, NotFoundError
from canary.investigate import alert_json
from canary.logs import set_up_logs
from canary.model import Alert, AlertState
from canary.ports import Channel, Store, system_clock
from canary.watch.appraised import briefing_of

COLUMNS = ("alert", "channel", "state", "tries", "owed", "next try", "hits", "error")
group = typer.Typer(help="Look at alerts, send them again, try the channels.", no_args_is_help=True)


@group.callback()
def root() -> None:
    """Look at alerts, send them again, try the channels."""


@group.command("list")
def list_(
    context: typer.Context,
    state: Annotated[AlertState | None, typer.Option("--state", help="Only alerts in this state.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
    as_jsonl: Annotated[bool, typer.Option("--jsonl", help="Print one JSON object a line.")] = False,
) -> None:
    """List the alerts, newest first."""
    either(as_json=as_json, as_jsonl=as_jsonl)
    with context_of(context).store() as store:
        alerts = store.alerts(state)
        if as_json:
            print_json([alert_json(alert) for alert in alerts])
        elif as_jsonl:
            print_jsonl(alert_json(alert) for alert in alerts)
        else:
            print_table(COLUMNS, (_row(alert) for alert in alerts), spare=("hits", "owed"), none="no alerts")


@group.command("retry")
def retry(
    context: typer.Context,
    ids: Annotated[
        list[str] | None,
        typer.Argument(help="Which alerts, alr_….  [default: all that are not sent]", metavar="ID"),
    ] = None,
) -> None:
    """Send owed and parked alerts now."""
    program = context_of(context)
    config = program.config()
    channels = _channels(config)
    set_up_logs("critical", "human")
    with program.store(config) as store:
        due = store.retry_alerts(ids or [], datetime.now(UTC))
        if due < len(set(ids or [])):
            raise NotFoundError(
                f"of {counted(len(set(ids or [])), 'alert')} only {due} are there and not sent yet",
                hint="`canary alerts list` lists them",
            )
        sent, delayed, parked = asyncio.run(_deliver(store, channels, briefing_of(config, store)))
        say(f"{counted(due, 'alert')} made due: {sent} sent, {delayed} delayed, {parked} parked")
        if parked or delayed:
            raise _undelivered(store, delayed=delayed, parked=parked)


@group.command("test")
def test(context: typer.Context) -> None:
    """Send a test alert through every channel, past the outbox."""
    channels = _channels(context_of(context).config())
    for name in asyncio.run(_test(channels)):
        say(f"{name}: delivered")


def _row(alert: Alert) -> tuple[str, ...]:
    waits = alert.state is AlertState.OWED
    return (
        alert.id,
        alert.channel,
        alert.state.value,
        str(alert.attempts),
        f"{alert.created_at:%Y-%m-%d %H:%M}",
        f"{alert.due_at:%Y-%m-%d %H:%M:%S}" if waits else "-",
        ", ".join(hit.id for hit in alert.hits),
        alert.error or "-",
    )


async def _deliver(store: Store, channels: list[Channel], brief: Brief) -> tuple[int, int, int]:
    """Deliver all that is due, pass by pass, until a channel asks for time."""
    dispatcher = Dispatcher(store, channels, system_clock, wake=asyncio.Event(), brief=brief)
    sent = delayed = parked = 0
    try:
        while not delayed and any(tally := await dispatcher.deliver_due()):
            sent, delayed, parked = sent + tally.sent, delayed + tally.delayed, parked + tally.parked
    finally:
        for channel in channels:
            await channel.aclose()
    return sent, delayed, parked


def _undelivered(store: Store, *, delayed: int, parked: int) -> CanaryError:
    """Return the error that says why: for good, or to be tried again."""
    state = AlertState.PARKED if parked else AlertState.OWED
    why = next((alert.error for alert in store.alerts(state) if alert.error), "")
    message = f"{counted(parked + delayed, 'alert')} could not be delivered: {why}"
    hint = "`canary alerts list` says why; `canary serve` goes on trying what is owed"
    return DeliveryError(message, hint=hint) if parked else DeliveryDelayed(message, hint=hint)


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
