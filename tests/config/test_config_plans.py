"""Plans say what the records of a kind show."""

from datetime import timedelta
from pathlib import Path

from canary.config import Config, load, rows
from canary.config.plans import plan_of


def read(directory: Path, text: str) -> Config:
    path = directory / "canary.toml"
    path.write_text(text, encoding="utf-8")
    return load(path, environ={}, cwd=directory)


def test_a_record_has_the_first_plan_whose_pattern_it_meets(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        """
        [plan.busy]
        records = ["product:1*"]
        stable = 2
        join_every = "7d"
        [plan.reviews]
        records = ["product:*", "review/?"]
        view_rate = 0.25
        """,
    )
    busy, reviews = config.plans
    assert (busy.stable, busy.join_every, reviews.view_rate) == (2, timedelta(days=7), 0.25)
    assert plan_of(config.plans, "product:17") == busy
    assert plan_of(config.plans, "product:27") == plan_of(config.plans, "review/9") == reviews
    assert plan_of(config.plans, "Product:27") is None


def test_plans_are_shown_with_their_origins(tmp_path: Path) -> None:
    config = read(tmp_path, '[plan.reviews]\nrecords = ["product:*"]\n')
    shown = {key: (value, origin) for key, value, origin in rows(config)}
    assert shown["plan.reviews.records"] == ("product:*", "canary.toml:2")
    assert shown["plan.reviews.join_every"] == ("720h", "default")
