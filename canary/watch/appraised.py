"""A configuration becomes how hits are appraised: who is asked, what is the company's own, what is joined."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from canary import wiring
from canary.alert.dispatcher import Brief
from canary.config import Config
from canary.investigate.briefing import briefed, judging
from canary.investigate.incidents import join_missing, joiner
from canary.investigate.joining import dismissal_of
from canary.model import Hit, Indicator
from canary.ports import Clock, Store, system_clock
from canary.watch.appraising import Appraiser, Appraising


@contextmanager
def appraising_of(config: Config, store: Store) -> Iterator[Appraising]:
    """Say for a block how hits are appraised and joined to incidents; what it opens is closed then."""
    authenticator = wiring.authenticator_of(config)
    try:
        yield Appraising(
            authenticator,
            config.origins.own_domains,
            tuple(domain.name for domain in config.mint.domains),
            joiner(store, config.incident.window),
            judging(store, config.alert.escalate),
            lambda: join_missing(store, config.incident.window),
            partial(dismissed, store),
        )
    finally:
        if authenticator is not None:
            authenticator.close()


def dismissed(store: Store, indicators: Sequence[Indicator]) -> str:
    """Return why nobody is told of mail with these indicators: its sender was dismissed; "" if it was not."""
    dismissal = dismissal_of(indicators, store.dismissals(indicators))
    return f"its sender is that of {dismissal.incident}, which was dismissed" if dismissal else ""


def briefing_of(config: Config, store: Store) -> Brief:
    """Return what tells of the incidents of an alert as it goes out."""
    return lambda alert: replace(alert, briefing=briefed(store, alert, config.alert.escalate))


@contextmanager
def appraising_now(
    store: Store, how: Appraising, clock: Clock = system_clock
) -> Iterator[Callable[[Sequence[str]], None]]:
    """Give what appraises hits that were just kept, for a command that has no event loop.

    One loop serves them all: each would leave threads behind, and these their readers of the store.
    """
    with asyncio.Runner() as runner:

        def appraise(hit_ids: Sequence[str]) -> None:
            """Appraise hits. Raises StoreError."""
            hits = [store.hit(each) for each in hit_ids]
            if hits:
                runner.run(_appraised(store, how, hits, clock))

        yield appraise


async def _appraised(store: Store, how: Appraising, hits: Sequence[Hit], clock: Clock) -> None:
    await Appraiser(store, how, clock).appraise(hits)
