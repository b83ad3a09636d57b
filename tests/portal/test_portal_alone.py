"""The portal on its own: no canary anywhere."""

import httpx
import pytest

from examples.portal.app import make_app
from examples.portal.catalogue import products, reviews, texts


async def test_the_portal_works_without_canary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CANARY_URL", raising=False)
    app = make_app(":memory:")
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://portal", follow_redirects=True) as client,
    ):
        assert (await client.get("/products/B0B4L7XSRP")).url.path == "/login"
        await client.post("/login", data={"employee": "e.marsh"})
        row = next(row for row in reviews() if row["product"] == "B0B4L7XSRP")
        place = f"/products/B0B4L7XSRP/reviews/{row['id']}"
        assert row["name"] in (await client.get(place)).text
        await client.post(f"{place}/edit", data={"stars": "2", "title": "Changed", "text": "<b>mind</b>"})
        shown = await client.get("/products/B0B4L7XSRP")
        assert "&lt;b&gt;mind" in shown.text
        assert shown.headers["cache-control"] == "private, no-store"
        assert row["name"] in (await client.get(f"{place}.csv")).text
        await client.post(f"{place}/delete")
        assert row["name"] not in (await client.get("/products/B0B4L7XSRP")).text
        assert (await client.get(place)).status_code == 404


def test_the_made_up_world_is_whole() -> None:
    rows = list(reviews())
    assert {row["product"] for row in rows} == set(products())
    assert len({row["id"] for row in rows}) == len(rows)
    assert all(len(texts(stars)) >= 4 for stars in range(1, 6))
