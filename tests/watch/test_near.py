"""A typo of a decoy's address, over the wire: answered as any stranger, kept for review, and no hit."""

from datetime import timedelta

import pytest

from canary.address import split
from tests.watch.conftest import Home


@pytest.mark.parametrize("unknown", ["reject", "accept-all"])
def test_a_near_miss_is_answered_as_a_stranger_and_kept_beside_a_flood(home: Home, unknown: str) -> None:
    local, domain = split(home.addresses[1])
    near = f"{local[1:]}@{domain}"
    stranger = f"nobody.at.all@{domain}"
    home.configure("[sink]", f'unknown = "{unknown}"')
    with home.serving() as served:
        with served.client() as client:
            client.ehlo()
            client.mail("care@seller.example")
            for number in range(60):
                client.rcpt(f"nobody{number}@{domain}")
            said = [client.rcpt(each) for each in (near, stranger, near)]
        assert served.stop() == 0
    code = 550 if unknown == "reject" else 250
    assert [each[0] for each in said] == [code] * 3
    assert said[0][1].replace(near.encode(), b"") == said[1][1].replace(stranger.encode(), b"")
    store = home.house.store
    tried = list(store.tried_recipients(home.house.clock.now - timedelta(days=1)))
    kept = [(each.address, each.times, each.network, each.attempts) for each in tried if each.near]
    assert kept == [(near, 2, "127.0.0.1/32", 63)]
    assert (store.status().hits, store.status().alerts) == (0, dict.fromkeys(store.status().alerts, 0))
