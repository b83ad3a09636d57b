"""Numbers that nobody counts with, dates after which nothing comes, and pages of a few records."""

import json

import pytest

from tests.seed.seed_parts import rows_of, seed, without_elements

LONG = "9" * 5000


@pytest.mark.parametrize("number", [LONG, f"-{LONG}", f"0.{LONG}", "1e99999"])
@pytest.mark.parametrize("lines", [True, False])
def test_a_number_of_any_length_comes_out_as_it_went_in(number: str, *, lines: bool) -> None:
    rows = [f'{{"id":{n},"email":"a{n}@mail.example","n":{number}}}' for n in range(5)]
    data = "\n".join(rows) if lines else f"[{','.join(rows)}]"
    done = seed(data.encode(), fmt="jsonl" if lines else "json")
    if lines:
        assert [row for row in done.data.decode().splitlines() if "decoy.example" not in row] == rows
    else:
        assert without_elements(done.data.decode(), [each.position for each in done.placements]) == data


def test_an_identifier_far_longer_than_the_others_stops_nobody() -> None:
    rows = [f'{{"id":{n},"email":"a{n}@mail.example"}}' for n in (*range(100, 160), LONG)]
    done = objects_of_text(seed(f"[{','.join(rows)}]".encode()).data)
    assert len(done) == 64


def objects_of_text(data: bytes) -> list[dict[str, object]]:
    """Return objects with their numbers as texts."""
    loaded: list[dict[str, object]] = json.loads(data, parse_int=str)
    return loaded


@pytest.mark.parametrize(
    "end", ["9999-12-31", "0001-01-01", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59+05:00"]
)
def test_a_date_that_says_for_ever_is_taken_over(end: str) -> None:
    text = "email,since,until\n" + "".join(
        f"a{n}@mail.example,2026-03-{n + 1:02d},{end}\n" for n in range(20)
    )
    rows = rows_of(seed(text.encode()).data)
    assert len(rows) == 23
    assert {row["until"] for row in rows} == {end}
    assert {row["since"][:8] for row in rows} == {"2026-03-"}


def test_an_open_end_among_many_dates_moves_no_other_date_towards_it() -> None:
    ends = [f"2026-03-{n % 28 + 1:02d}" for n in range(97)] + ["9999-12-31"] * 3
    text = "email,until\n" + "".join(f"a{n}@mail.example,{end}\n" for n, end in enumerate(ends))
    for view in range(5):
        rows = rows_of(seed(text.encode(), view=view).data)
        assert all(row["until"].startswith(("2026-03-", "9999-12-31")) for row in rows)


@pytest.mark.parametrize("times", [range(10), range(9, -1, -1)])
def test_times_near_an_end_of_the_calendar_stop_nobody(times: range) -> None:
    text = "email,at,born\n" + "".join(
        f"a{n}@mail.example,9997-12-31 23:59:5{n},0002-01-0{n % 9 + 1} 00:00:00\n" for n in times
    )
    assert len(rows_of(seed(text.encode()).data)) == 13


@pytest.mark.parametrize("order", [1, -1])
def test_equal_values_that_stand_together_by_chance_put_no_date_out_of_order(order: int) -> None:
    countries = ("DE", "DE", "US", "US", "US", "US", "US")
    times = ["2026-03-01 10:00:00", "2026-03-03 10:00:00", "2026-03-03 10:01:00"]
    times += [f"2026-03-0{n} 10:00:00" for n in range(5, 9)]
    text = "email,country,created_at\n" + "".join(
        f"a{n}@mail.example,{country},{time}\n"
        for n, (country, time) in enumerate(zip(countries[::order], times[::order], strict=True))
    )
    for view in range(40):
        found = [row["created_at"] for row in rows_of(seed(text.encode(), view=view, count=2).data)]
        assert found == sorted(found, reverse=order < 0)
