"""A decoy's fields look like its neighbours' and belong to nobody."""

# ruff: noqa: S311 - data for tests, no secrets

import csv
import io
import json
import uuid
from collections import Counter
from datetime import datetime
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.seed.seed_parts import decoys_of, objects_of, reviews, rows_of, seed

TEXTS = [f"A short text number {n} from the pool." for n in range(30)]


def table(columns: dict[str, list[str]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return out.getvalue().encode()


def emails(count: int) -> list[str]:
    return [f"person{n}@example.com" for n in range(count)]


def test_the_same_seeding_twice_is_the_same_and_another_key_is_not() -> None:
    original = reviews(60, step=7)
    assert seed(original).data == seed(original).data
    assert seed(original).data != seed(original, view=1).data


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("view", range(12))
def test_dates_and_identifiers_fit_between_neighbours(view: int, order: int) -> None:
    lines = reviews(60, step=5).decode().splitlines()
    original = ("\n".join([lines[0], *lines[1:][::order]]) + "\n").encode()
    done = seed(original, view=view)
    rows = rows_of(done.data)[::order]
    for column in ("review_id", "created_at"):
        values = [row[column] for row in rows]
        assert values == sorted(values)
    assert len({row["review_id"] for row in rows}) == len(rows)
    assert all(datetime.fromisoformat(row["created_at"]) for row in rows)


@pytest.mark.parametrize("order", [1, -1])
def test_identifiers_without_gaps_do_not_make_places_foretold(order: int) -> None:
    lines = reviews(40).decode().splitlines()
    original = ("\n".join([lines[0], *lines[1:][::order]]) + "\n").encode()
    found = []
    for view in range(8):
        done = seed(original, view=view)
        rows = rows_of(done.data)
        found.append(tuple(n for n, row in enumerate(rows) if row["email"].endswith("@decoy.example")))
        assert len({row["review_id"] for row in rows}) == 43
        assert any("without gaps" in warning for warning in done.warnings)
    assert len(set(found)) == 8


def test_growth_keeps_nearly_every_decoy_and_its_neighbour() -> None:
    random = Random(5)
    rows = [
        f"{uuid.UUID(int=random.getrandbits(128), version=4)},p{n}@example.com,{n % 5},{'ABC'[n % 3]}xx"
        for n in range(1100)
    ]
    kept = 0
    for view in range(12):
        found = []
        for count in (1000, 1010):
            original = "\n".join(["id,email,rating,country", *rows[:count], ""]).encode()
            lines = seed(original, view=view).data.decode().splitlines()
            places = [n for n, line in enumerate(lines) if "@decoy.example" in line]
            found.append(
                {(lines[n - 1], lines[n]) for n in places} | {(lines[n], lines[n + 1]) for n in places}
            )
        kept += len(found[0] & found[1]) >= 4
    assert kept >= 10


IDENTIFIERS = {
    "sparse": [str(1000 + 37 * n) for n in range(80)],
    "dense": [str(n) for n in range(1, 81)],
    "padded": [f"{n:05d}" for n in range(1, 81)],
    "prefixed": [f"R-{n:06d}" for n in range(7, 87)],
    "hex": [f"{Random(n).getrandbits(64):016x}" for n in range(80)],
    "uuid": [str(uuid.UUID(int=Random(n).getrandbits(128), version=4)) for n in range(80)],
    "asin": ["B0" + "".join(Random(n).choices("0123456789BCDFGHJKLMNPQRSTVWXYZ", k=8)) for n in range(80)],
}


@pytest.mark.parametrize("kind", IDENTIFIERS)
@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("count", [3, 80])
def test_identifiers_keep_their_shape_and_are_unused(kind: str, count: int, *, shuffled: bool) -> None:
    ids = IDENTIFIERS[kind][:count]
    if shuffled:
        Random(1).shuffle(ids)
    for view in range(4):
        done = seed(table({"id": ids, "email": emails(count)}), view=view)
        found = [row["id"] for row in rows_of(done.data)]
        assert len(set(found)) == count + 3
        new = [found[p.position] for p in done.placements]
        if kind not in {"sparse", "dense"}:
            assert {len(v) for v in new} == {len(ids[0])}
        if kind == "uuid":
            assert all(uuid.UUID(v).version == 4 for v in new)
        elif kind == "hex":
            assert all(set(v) <= set("0123456789abcdef") for v in new)
        elif kind == "asin":
            assert all(v.startswith("B") and v.isalnum() and v.isupper() for v in new)
        elif kind != "prefixed":
            assert all(v.isdigit() for v in new)


@settings(max_examples=40)
@given(st.data())
def test_no_unique_value_is_ever_copied(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 40))
    random = data.draw(st.randoms(use_true_random=False))
    columns = {
        "email": emails(count),
        "phone": [f"+49 151 {random.randint(1000000, 9999999)}" for _ in range(count)],
        "street": [f"{random.randint(1, 999)} {random.choice(['Oak', 'Elm'])} Street" for _ in range(count)],
        "zip": [f"{random.randint(10000, 99999)}" for _ in range(count)],
        "city": [
            random.choice(["Oslo", "Rome", "Cork", f"Town{random.randint(1, 9)}"]) for _ in range(count)
        ],
        "note": ["".join(random.choices("abcdef ", k=30)) for _ in range(count)],
        "spent": [f"{random.uniform(1, 900):.2f}" for _ in range(count)],
        "seen": [
            f"2026-03-{random.randint(1, 28):02d}T{random.randint(0, 23):02d}:10:{random.randint(0, 59):02d}Z"
            for _ in range(count)
        ],
    }
    if data.draw(st.booleans()):
        columns["phone"][0] = ""
    done = seed(table(columns), name="x.csv", view=data.draw(st.integers(0, 9)))
    rows = rows_of(done.data)
    for column, values in columns.items():
        counts = Counter(values)
        for placement in done.placements:
            value = rows[placement.position][column]
            assert not value or counts[value] != 1, column
            if (
                column == "phone"
                and "" in values
                and max(Counter(filter(None, values)).values(), default=1) == 1
            ):
                assert value == ""


def test_choices_come_together_and_in_natural_shares() -> None:
    pairs = [("US", "USD"), ("US", "USD"), ("US", "USD"), ("GB", "GBP")] * 50
    original = table(
        {"email": emails(200), "country": [a for a, _ in pairs], "currency": [b for _, b in pairs]}
    )
    drawn = []
    for view in range(60):
        done = seed(original, view=view, count=1)
        row = rows_of(done.data)[done.placements[0].position]
        drawn.append((row["country"], row["currency"]))
    assert set(drawn) <= set(pairs)
    assert 5 <= drawn.count(("GB", "GBP")) <= 28


def test_an_export_in_groups_keeps_its_groups_together() -> None:
    groups = [f"shop{n // 20}" for n in range(100)]
    done = seed(table({"shop": groups, "email": emails(100)}))
    shops = [row["shop"] for row in rows_of(done.data)]
    assert shops == sorted(shops)


def test_texts_come_from_the_pool_each_once() -> None:
    done = seed(reviews(60, step=5), texts=TEXTS)
    rows = rows_of(done.data)
    bodies = [rows[p.position]["body"] for p in done.placements]
    assert set(bodies) <= set(TEXTS)
    assert len(set(bodies)) == 3
    assert not done.warnings


def test_a_text_column_without_a_pool_stays_empty_and_says_so() -> None:
    done = seed(reviews(60, step=5))
    assert {rows_of(done.data)[p.position]["body"] for p in done.placements} == {""}
    (warning,) = done.warnings
    assert "'body'" in warning
    assert "--texts FILE" in warning


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("{f}, {g}", "Whitlock, Nora"),
        ("{G} {F}", "NORA WHITLOCK"),
        ("{g} {i}.", "Nora W."),
        ("{g} {f}", "Nora Whitlock"),
    ],
)
def test_a_name_is_written_like_its_neighbours(style: str, expected: str) -> None:
    pairs = [(f"Given{c}", f"Family{c}") for c in "abcdefghij"]
    names = [style.format(g=g, f=f, G=g.upper(), F=f.upper(), i=f[0]) for g, f in pairs]
    done = seed(table({"customer": names, "mail": emails(10)}), count=1)
    assert done.columns == {"email": "mail", "name": "customer"}
    assert rows_of(done.data)[done.placements[0].position]["customer"] == expected


def test_given_family_and_handle_have_their_columns() -> None:
    count = 20
    columns = {
        "First Name": [f"Ann{chr(97 + n)}" for n in range(count)],
        "last_name": [f"Poe{chr(97 + n)}" for n in range(count)],
        "username": [f"person{n}" for n in range(count)],
        "contact": emails(count),
    }
    done = seed(table(columns), count=1)
    row = rows_of(done.data)[done.placements[0].position]
    address = decoys_of(1)[0].address
    assert row == {
        "First Name": "Nora",
        "last_name": "Whitlock",
        "username": address.partition("@")[0],
        "contact": address,
    }


def test_a_map_goes_before_what_is_found() -> None:
    columns = {
        "a": emails(9),
        "b": [f"other{n}@example.net" for n in range(9)],
        "c": [f"w{n}" for n in range(9)],
    }
    done = seed(table(columns), columns={"email": "b", "name": "c"}, count=1)
    row = rows_of(done.data)[done.placements[0].position]
    assert row["b"] == decoys_of(1)[0].address
    assert row["c"] == "nora"


def test_nested_objects_are_reached_by_dotted_paths() -> None:
    records = [
        {
            "meta": {"n": n * 9, "ok": n % 2 == 0},
            "user": {"contact": {"mail": f"p{n}@example.com"}},
            "stars": 4.50,
        }
        for n in range(30)
    ]
    original = json.dumps(records, indent=1).replace("4.5", "4.50").encode()
    done = seed(original, columns={"email": "user.contact.mail"}, count=1)
    decoy = objects_of(done.data)[done.placements[0].position]
    assert decoy["user"] == {"contact": {"mail": decoys_of(1)[0].address}}
    assert done.data.count(b'"stars": 4.50') == 31


@pytest.mark.parametrize(
    "pattern",
    ["%d.%m.%Y %H:%M", "%m/%d/%Y", "%b %d, %Y", "%Y-%m-%dT%H:%M:%S+02:00", "%Y-%m-%d %H:%M:%S.000", "epoch"],
)
@pytest.mark.parametrize("shuffled", [False, True])
def test_dates_keep_their_format_and_range(pattern: str, *, shuffled: bool) -> None:
    moments = [datetime(2026, 1 + n % 12, 1 + n % 28, n % 24, n % 60) for n in range(60)]  # noqa: DTZ001 - naive as in exports
    moments = Random(2).sample(moments, 60) if shuffled else sorted(moments)

    def read(text: str) -> datetime:
        return datetime.fromtimestamp(int(text)) if pattern == "epoch" else datetime.strptime(text, pattern)  # noqa: DTZ006, DTZ007 - naive as in exports

    texts = [str(int(m.timestamp())) if pattern == "epoch" else m.strftime(pattern) for m in moments]
    done = seed(table({"created_at": texts, "email": emails(60)}))
    found = [read(row["created_at"]) for row in rows_of(done.data)]
    assert min(map(read, texts)) <= min(found)
    assert max(found) <= max(map(read, texts))
    if not shuffled:
        assert found == sorted(found)
