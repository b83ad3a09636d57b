"""A configuration becomes how hits are appraised: who is asked, what is the company's own, what is joined."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from canary import wiring
from canary.config import Config
from canary.investigate.incidents import joiner
from canary.investigate.joining import dismissal_of
from canary.model import Indicator
from canary.ports import Store
from canary.watch.appraising import Appraising


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
            partial(dismissed, store),
        )
    finally:
        if authenticator is not None:
            authenticator.close()


def dismissed(store: Store, indicators: Sequence[Indicator]) -> str:
    """Return why nobody is told of mail with these indicators: its sender was dismissed; "" if it was not."""
    dismissal = dismissal_of(indicators, store.dismissals(indicators))
    return f"its sender is that of {dismissal.incident}, which was dismissed" if dismissal else ""
