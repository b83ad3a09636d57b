"""A mail becomes three times: end sent, 250 read, alert received; canary and a baseline in turn."""

import asyncio
import json
import smtplib
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from canary import wiring
from canary.config import load
from canary.demo.slack import SlackReceiver
from canary.watch import watching
from canary.watch.appraised import appraising_of, briefing_of
from scripts.measure.alert import SPANS, WARM_UP
from scripts.measure.house import opened

PAUSE = 1.05
PATIENCE = 20.0
MAIL = (
    "From: Care <care@brightpan-care.example>\r\nTo: <{to}>\r\nSubject: About your review\r\n"
    "Message-ID: <{number}.bench@brightpan-care.example>\r\n\r\n"
    "We saw your review and would like to refund your order. Please change it.\r\n"
)
Times = dict[str, list[float]]


def measured(home: str) -> dict[str, Times]:
    """Mail every decoy of a house, once through canary and once through the baseline."""
    with opened(Path(home)) as (planter, _, _):
        addresses = [decoy.address for decoy in planter.store.decoys()]
    return asyncio.run(_measured(home, addresses))


async def _measured(home: str, addresses: list[str]) -> dict[str, Times]:
    took: dict[str, Times] = {name: {span: [] for span in SPANS} for name in ("canary", "aiosmtpd + httpx")}
    ours, bare = took.values()
    async with (
        SlackReceiver() as slack,
        SlackReceiver() as plain,
        _listening("mailing.serve", home=home, url=slack.url) as port,
        _listening("baselines.relay", url=plain.url) as other,
    ):
        for number, address in enumerate(addresses):
            await _one(ours, slack, port, address, number)
            await asyncio.sleep(PAUSE / 2)
            await _one(bare, plain, other, address, number)
            await asyncio.sleep(PAUSE / 2)
    return {
        name: {span: seconds[WARM_UP:] for span, seconds in spans.items()} for name, spans in took.items()
    }


async def _one(times: Times, slack: SlackReceiver, port: int, address: str, number: int) -> None:
    """Send one mail and wait for its alert."""
    wanted = len(slack.deliveries) + 1
    ended, answered = await asyncio.to_thread(_send, port, address, number)
    await slack.wait_for(wanted, PATIENCE)
    told = slack.deliveries[-1].at
    spans = (answered - ended, told - ended, told - answered)
    for name, span in zip(SPANS, spans, strict=True):
        times[name].append(span.total_seconds())


def _send(port: int, address: str, number: int) -> tuple[datetime, datetime]:
    """Return when the end of the mail was handed to the kernel, and when its 250 was read."""
    with smtplib.SMTP(
        "127.0.0.1", port, local_hostname="mail.brightpan-care.example", timeout=PATIENCE
    ) as client:
        client.ehlo()
        client.mail("care@brightpan-care.example")
        client.rcpt(address)
        code, _ = client.docmd("DATA")
        if code != 354:
            raise RuntimeError(code)
        client.send(MAIL.format(to=address, number=number) + ".\r\n")
        ended = datetime.now(UTC)
        code, said = client.getreply()
        answered = datetime.now(UTC)
        if code != 250:
            raise RuntimeError(said)
        return ended, answered


@asynccontextmanager
async def _listening(task: str, **told: str) -> AsyncIterator[int]:
    """Run a host in a process of its own; yields the port that it tells on its first line."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "scripts.measure.work",
        task,
        json.dumps(told),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        if process.stdout is None:
            raise RuntimeError(task)
        async with asyncio.timeout(PATIENCE):
            port = int(await process.stdout.readline())
        yield port
    finally:
        process.terminate()
        await process.wait()


def serve(home: str, url: str) -> None:
    """Do what `canary serve` does, on a free port, which is told on standard output."""
    with asyncio.Runner(loop_factory=wiring.loop_factory()) as runner:
        runner.run(_serve(Path(home), url))


async def _serve(folder: Path, url: str) -> None:
    environ = {"CANARY_ALERT_SLACK_URL": url, "CANARY_SINK_LISTEN": "127.0.0.1:0"}
    environ |= {"CANARY_ALERT_WINDOW": "0", "CANARY_ORIGIN_DNS": "off"}
    config = load(folder / "canary.toml", environ=environ, cwd=folder)
    with (
        wiring.opened_store(config, wiring.load_keys(config)) as store,
        appraising_of(config, store) as appraising,
    ):
        serving = watching(
            store,
            wiring.sink_settings(config),
            wiring.channels_of(config),
            appraising=appraising,
            brief=briefing_of(config, store),
        )
        async with serving as bound:
            sys.stdout.write(f"{bound[0][1]}\n")
            sys.stdout.flush()
            await asyncio.Event().wait()
