"""The whole product on one machine: planted, sold, mailed, received, attributed, told."""

import asyncio
import csv
import smtplib
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path

from canary import keyring, wiring
from canary.accesslog import read
from canary.config import Config, load, template
from canary.demo.slack import SlackReceiver
from canary.demo.slack_screen import render
from canary.errors import CanaryError
from canary.model import Access
from canary.plant import Planter, placement_salts
from canary.ports import HitFilter, Store
from canary.seed import survey
from canary.sink.profiles import spoken_by
from canary.watch import watching
from canary.watch.appraised import appraising_of, briefing_of

Say = Callable[[str], None]
DOMAINS = ("harborpost.example", "quietlane.example", "northmail.example")
VIEWERS = ("e.marsh", "j.lindqvist", "t.okafor")
SOLD_BY = "t.okafor"
CONTROLS = 50
PATIENCE = 20.0
BODY = """\
Dear {name},

thank you for your purchase. We saw your review and are very sorry for the trouble.
We would like to refund your order in full and send a $30 gift card if you can change your
review to five stars, or delete it. Please reply with a screenshot when it is done.

Customer care, Brightpan
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the demo plays: a directory of its own, and a configuration in it."""

    folder: Path
    config: Config
    examples: Path
    say: Say


async def play(folder: Path, say: Say, slack_url: str | None = None) -> None:
    """Run the whole job in a directory. Raises CanaryError if it does not end as it must."""
    examples = find_examples()
    async with AsyncExitStack() as stack:
        receiver = None if slack_url else await stack.enter_async_context(SlackReceiver())
        config = _initialise(folder, slack_url or (receiver.url if receiver else ""))
        stage = Stage(folder, config, examples, say)
        keys = wiring.load_keys(config)
        store = stack.enter_context(wiring.opened_store(config, keys))
        planter = Planter(store, wiring.minter_of(config, keys), _some_hours_ago)
        _heading(stage, 1, "Plant", "decoys for every access of the sample log, and controls nobody sees")
        beneficiaries = _plant_log(stage, planter)
        _heading(stage, 2, "Seed", "what three employees see when they export the same reviews")
        for employee in VIEWERS:
            _seed(stage, planter, keys, employee, beneficiaries)
        _heading(stage, 3, "Listen", "the sink, on a free port of this machine")
        serving = watching(
            store,
            wiring.sink_settings(config),
            wiring.channels_of(config),
            appraising=stack.enter_context(appraising_of(config, store)),
            brief=briefing_of(config, store),
        )
        (bound,) = await stack.enter_async_context(serving)
        banner = spoken_by(config.sink.profile, config.sink.hostname).greeting()
        say(f"  an ordinary mail host: {bound[0]}:{bound[1]}, `{banner}`")
        _heading(stage, 4, "Leak", f"somebody got {SOLD_BY}'s copy, and a seller mails everyone in it")
        await asyncio.to_thread(_mail, stage, bound)
        _heading(stage, 5, "Attribute", "whose access exposed the address that was mailed")
        _attribute(stage, store)
        _heading(stage, 6, "Alert", "what the security team reads in Slack")
        await _show_alert(stage, store, receiver)


def find_examples() -> Path:
    """Return the folder of example files: beside this module in a package, at the top of a checkout."""
    for place in (Path(__file__).parent / "examples", Path(__file__).parents[2] / "examples"):
        if (place / "reviews.csv").is_file():
            return place
    raise CanaryError("the example files are not installed", hint="install canary from its wheel or checkout")


def _initialise(folder: Path, slack_url: str) -> Config:
    secret = folder / "slack-url"
    secret.touch(mode=0o600)
    secret.write_text(slack_url, encoding="ascii")
    values = {
        "sink.listen": ("demo", "127.0.0.1:0"),
        "sink.hostname": ("demo", f"mx1.{DOMAINS[0]}"),
        "alert.slack.url_file": ("demo", str(secret)),
        "origin.dns": ("demo", "off"),
    }
    path = folder / "canary.toml"
    path.touch(mode=0o600)
    path.write_text(template(DOMAINS, values), encoding="utf-8")
    config = load(path, environ={}, cwd=folder)
    keys = keyring.generate()
    keyring.save(keys, config.keyring.path)
    wiring.make_store(config, keys)
    return config


def _plant_log(stage: Stage, planter: Planter) -> dict[str, str | None]:
    log = stage.examples / "access-log.csv"
    with log.open("rb") as source:
        rows = read(source, name=log.name, now=datetime.now(UTC))
        plantings = list(planter.plant_stream(row for row in rows if isinstance(row, Access)))
    planter.mint_controls(CONTROLS)
    employees = {each.access.employee for each in plantings}
    stage.say(f"  {log.name}: {len(plantings)} accesses of {len(employees)} employees")
    stage.say(f"  {sum(each.fresh for each in plantings)} decoys minted, and {CONTROLS} controls")
    return {each.access.record: each.access.beneficiary for each in plantings}


def _seed(
    stage: Stage,
    planter: Planter,
    keys: keyring.Keyring,
    employee: str,
    beneficiaries: dict[str, str | None],
) -> None:
    reviews = stage.examples / "reviews.csv"
    texts = (stage.examples / "texts.txt").read_text(encoding="utf-8").splitlines()
    record = _record_of(reviews)
    access = Access(
        employee=employee,
        record=record,
        at=_some_hours_ago(),
        beneficiary=beneficiaries.get(record),
        tool="review-console",
        session=f"s-{employee.partition('.')[2]}-0417",
        client_ip=f"10.20.30.{VIEWERS.index(employee) + 41}",
    )
    with reviews.open("rb") as source:
        salts = placement_salts(keys.draw, access)
        surveyed = survey(source, name=reviews.name, texts=texts, salts=salts)
        planting = planter.plant(access)
        with _copy_of(stage, employee).open("wb") as out:
            seeding = surveyed.pour(out, surveyed.arrange(planting.decoys, {}))
    planter.store.place(planting.access.id, seeding.placements, all_of_them=True)
    for placement in seeding.placements:
        stage.say(
            f"  {employee:<12} sees {placement.decoy.address} ({placement.decoy.name}) "
            f"at row {placement.position + 1} of {surveyed.records + len(seeding.placements)}"
        )


def _some_hours_ago() -> datetime:
    """Return when the demo's employees looked: a mail comes hours after the leak, at the soonest."""
    return datetime.now(UTC) - timedelta(hours=3)


def _copy_of(stage: Stage, employee: str) -> Path:
    return stage.folder / f"reviews-{employee}.csv"


def _record_of(reviews: Path) -> str:
    """Return the product that most of the example reviews are about."""
    with reviews.open(encoding="utf-8", newline="") as file:
        products = [row["record"] for row in csv.DictReader(file)]
    return max(sorted(set(products)), key=products.count)


def _mail(stage: Stage, bound: tuple[str, int]) -> None:
    """Send what a seller sends, to everyone in the leaked copy whose domain leads to this host."""
    with _copy_of(stage, SOLD_BY).open(encoding="utf-8", newline="") as file:
        people = [(row["reviewer_name"], row["reviewer_email"]) for row in csv.DictReader(file)]
    ours = [(name, address) for name, address in people if address.rpartition("@")[2] in DOMAINS]
    stage.say(f"  {len(people)} addresses in the copy; mail for {len(ours)} of them comes to our domains")
    with smtplib.SMTP(*bound, local_hostname="mail.brightpan-care.example", timeout=PATIENCE) as client:
        for name, address in ours:
            message = EmailMessage()
            message["From"] = "Brightpan Customer Care <care@brightpan-care.example>"
            message["To"] = f"{name} <{address}>"
            message["Subject"] = "About your review: full refund and a $30 gift card"
            message["Message-ID"] = make_msgid(domain="brightpan-care.example")
            message.set_content(BODY.format(name=name.split()[0]))
            client.send_message(message)
            stage.say(f"  to {address}: 250, kept and fsynced before the answer")


def _attribute(stage: Stage, store: Store) -> None:
    named = set()
    for hit in store.hits(HitFilter(controls=False)):
        employees = {access.employee for access in hit.accesses}
        named |= employees
        stage.say(
            f"  {hit.id}: {hit.decoy.address} was shown only through the access of {', '.join(employees)}"
        )
        stage.say(f"  confidence {hit.verdict.confidence:.0%}:")
        stage.say("\n".join(f"    - {reason}" for reason in hit.verdict.reasons))
    if named != {SOLD_BY}:
        raise CanaryError(f"expected {SOLD_BY} to be named, and nobody else: got {sorted(named)}")
    stage.say(f"  nothing points to {' or '.join(sorted(set(VIEWERS) - named))}")


async def _show_alert(stage: Stage, store: Store, receiver: SlackReceiver | None) -> None:
    if receiver is None:
        await _until_sent(store)
        stage.say("  delivered: look at your Slack channel")
        return
    (payload, *_) = await receiver.wait_for(1, PATIENCE)
    stage.say("")
    stage.say("\n".join(f"  ┃ {line}" for line in render(payload).splitlines()))


async def _until_sent(store: Store) -> None:
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while any(alert.state.value != "sent" for alert in store.alerts()):
        problems = [alert.error for alert in store.alerts() if alert.error]
        if asyncio.get_running_loop().time() > deadline:
            raise CanaryError(f"Slack did not take the alert: {problems or 'no answer'}")
        await asyncio.sleep(0.1)


def _heading(stage: Stage, number: int, verb: str, what: str) -> None:
    stage.say("")
    stage.say(f"{number}. {verb}: {what}")
