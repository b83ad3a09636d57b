"""Memory does not grow with the export."""

import tracemalloc
from pathlib import Path

import pytest

from canary.seed import survey
from tests.seed.seed_parts import decoys_of, salts_of

ROW = 'R{:08d},Ann Poe,ann{}@example.com,{},"Some text, long enough for a row of the usual width, too",US\n'
OBJECT = '{{"id": {}, "email": "ann{}@example.com", "rating": {}, "body": "Some text, long enough for it"}}'


def write_csv(path: Path, count: int) -> None:
    with path.open("w", encoding="ascii") as file:
        file.write("review_id,name,email,rating,body,country\n")
        file.writelines(ROW.format(n, n, n % 5 + 1) for n in range(count))


def write_json(path: Path, count: int) -> None:
    with path.open("w", encoding="ascii") as file:
        file.write("[\n")
        file.writelines(OBJECT.format(n, n, n % 5 + 1) + ",\n" for n in range(count))
        file.write(OBJECT.format(count, count, 5) + "\n]\n")


@pytest.mark.parametrize(
    ("write", "suffix", "count"), [(write_csv, "csv", 250_000), (write_json, "json", 60_000)]
)
def test_a_large_export_passes_in_little_memory(
    tmp_path: Path, write: object, suffix: str, count: int
) -> None:
    path, result = tmp_path / f"big.{suffix}", tmp_path / "out"
    assert callable(write)
    write(path, count)
    tracemalloc.start()
    try:
        with path.open("rb") as source, result.open("wb") as out:
            surveyed = survey(source, name=path.name, salts=salts_of())
            surveyed.pour(out, surveyed.arrange(decoys_of(3), {}))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert surveyed.records >= count
    assert peak < 50 << 20
    assert result.stat().st_size > path.stat().st_size
