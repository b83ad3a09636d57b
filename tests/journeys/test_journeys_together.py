"""Two imports and a listener work on one database at the same time."""

import json
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from subprocess import Popen

from tests.journeys.journey_parts import PATIENCE, Home, Serving, log_rows, mail, subjects

FEW, MANY = 300, 2500


def test_two_imports_and_a_listener_lose_nothing(home: Home) -> None:
    (decoy,) = home.plant(log_rows(["e.marsh"], 1)).values()
    logs = _write_logs(home.folder)
    with home.serving() as serving:
        sent = _mail_while_running(serving, decoy, _import_all(home, logs))
        assert subjects(home.hits()) == [*reversed(sent)]
        assert serving.stop() == 0
    status = home.json("status")
    assert status["accesses"] == status["decoys"] == 1 + 2 * MANY + FEW
    assert (status["messages"], status["hits"]) == (len(sent), len(sent))
    first, second = (_addresses(log.with_suffix(".out.jsonl")) for log in logs)
    assert len(set(first.values()) | set(second.values())) == 2 * MANY + FEW
    assert {pair: first[pair] for pair in set(first) & set(second)} == {
        pair: second[pair] for pair in set(first) & set(second)
    }
    _nothing_changes_the_second_time(home, logs, status["accesses"])


def _write_logs(folder: Path) -> tuple[Path, Path]:
    """Write two logs that have a few accesses in common."""
    shared = list(log_rows(["s.iyer"], FEW))
    made = []
    for name in ("j.lindqvist", "t.okafor"):
        log = folder / f"{name}.jsonl"
        rows = chain(log_rows([name], MANY), shared)
        log.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
        made.append(log)
    return made[0], made[1]


def _import_all(home: Home, logs: Sequence[Path]) -> list[Popen[str]]:
    return [home.start("mint", "--from", log, "-o", log.with_suffix(".out.jsonl")) for log in logs]


def _mail_while_running(serving: Serving, decoy: str, imports: Sequence[Popen[str]]) -> list[str]:
    """Send mail after mail until the imports have ended; return the subjects of what was taken."""
    sent: list[str] = []
    with serving.client() as client:
        while any(process.poll() is None for process in imports):
            subject = f"mail {len(sent)}"
            assert client.sendmail("care@seller.example", [decoy], mail(subject)) == {}
            sent.append(subject)
    for process in imports:
        _, complaints = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, complaints
    assert len(sent) > 1
    return sent


def _addresses(output: Path) -> dict[tuple[str, str], str]:
    plantings = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    assert len(plantings) == MANY + FEW
    return {
        (each["access"]["employee"], each["access"]["record"]): each["decoys"][0]["address"]
        for each in plantings
    }


def _nothing_changes_the_second_time(home: Home, logs: Sequence[Path], accesses: int) -> None:
    before = [_addresses(log.with_suffix(".out.jsonl")) for log in logs]
    for process in _import_all(home, logs):
        assert process.communicate(timeout=PATIENCE)[0].startswith(f"{MANY + FEW:,} accesses: 0 new")
        assert process.returncode == 0
    assert [_addresses(log.with_suffix(".out.jsonl")) for log in logs] == before
    status = home.json("status")
    assert status["accesses"] == status["decoys"] == accesses
