"""Prometheus itself reads what is served."""

import asyncio
import json
import time
from pathlib import Path
from shutil import which

import httpx

from canary import tallies
from canary.config.places import Endpoint
from canary.metrics.server import serving_metrics
from canary.tallies import Snapshot
from tests.parts import need


async def snapshot() -> Snapshot:
    return {f"{tallies.MESSAGES}|kept": 7}


async def test_prometheus_itself_scrapes_it(tmp_path: Path) -> None:
    prometheus = which("prometheus")
    need(prometheus, "prometheus (Debian: prometheus)")
    async with serving_metrics(Endpoint("127.0.0.1", 0), snapshot, {}) as (host, port):
        settings = {
            "global": {"scrape_interval": "1s"},
            "scrape_configs": [{"job_name": "canary", "static_configs": [{"targets": [f"{host}:{port}"]}]}],
        }
        (tmp_path / "prometheus.yml").write_text(json.dumps(settings), encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            str(prometheus),
            f"--config.file={tmp_path / 'prometheus.yml'}",
            f"--storage.tsdb.path={tmp_path / 'data'}",
            "--web.listen-address=127.0.0.1:0",
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with httpx.AsyncClient(base_url=f"http://{await listening(process)}") as http:
                assert await asked(http, 'canary_messages_total{outcome="kept",job="canary"}') == "7"
                assert await asked(http, 'up{job="canary"}') == "1"
        finally:
            process.terminate()
            await process.communicate()


async def listening(process: asyncio.subprocess.Process) -> str:
    """Return where Prometheus listens, as it says itself."""
    assert process.stderr is not None
    async with asyncio.timeout(60):
        async for line in process.stderr:
            if b"Listening on" in line:
                return line.decode().rpartition("address=")[2].strip()
    raise AssertionError("Prometheus ended")


async def asked(http: httpx.AsyncClient, query: str) -> str:
    """Ask Prometheus until it knows."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            answer = await http.get("/api/v1/query", params={"query": query})
            if answer.status_code == 200 and (found := answer.json()["data"]["result"]):
                return str(found[0]["value"][1])
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.1)
    raise AssertionError(f"Prometheus has nothing for {query}")
