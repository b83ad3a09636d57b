"""A number becomes a generated input: the same access log, the same export, every time."""

import random
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

START = datetime(2026, 1, 5, tzinfo=UTC)
A_MINUTE = 23
RECENT = 5000
LOG_HEADER = "at,employee,record,beneficiary,tool,session,client_ip"
EXPORT_HEADER = "review_id,record,reviewer_name,reviewer_email,rating,title,body,country,created_at,verified"
WORDS = (
    "solid",
    "lid",
    "kettle",
    "works",
    "fine",
    "after",
    "week",
    "box",
    "dented",
    "price",
    "fair",
    "returned",
    "twice",
    "blue",
    "handle",
    "hot",
)
GIVEN = (
    "Ana",
    "Ben",
    "Carla",
    "Dmitri",
    "Elena",
    "Femi",
    "Grace",
    "Hugo",
    "Ines",
    "Jonas",
    "Keiko",
    "Lars",
    "Mona",
    "Nils",
    "Olga",
    "Petra",
)
FAMILY = (
    "Abbott",
    "Berg",
    "Castillo",
    "Dietrich",
    "Eklund",
    "Fischer",
    "Garner",
    "Holt",
    "Ibarra",
    "Jansen",
    "Keller",
    "Lund",
)


def access_log(path: str, rows: int, employees: int = 2000, records: int = 330_000) -> dict[str, int]:
    """Write a log: 88 rows in 100 open a random record, 10 look again at a recent one, 2 are said twice.

    23 rows a minute, so that the 5,000 recent ones lie within 4 hours.
    """
    with Path(path).open("w", encoding="ascii", newline="") as file:
        file.write(f"{LOG_HEADER}\n")
        file.writelines(islice(_accesses(employees, records), rows))
    return {"rows": rows, "bytes": Path(path).stat().st_size}


def _accesses(employees: int, records: int) -> Iterator[str]:
    chance = random.Random(2)  # noqa: S311 - a made-up log
    recent: deque[tuple[str, str]] = deque(maxlen=RECENT)
    number = 0
    while True:
        at = (START + timedelta(seconds=number * 60 / A_MINUTE)).isoformat(timespec="seconds")
        kind = chance.random()
        if recent and kind < 0.02:
            yield chance.choice(recent)[1]
        else:
            looked = chance.choice(recent)[0] if recent and kind < 0.12 else _look(chance, employees, records)
            row = f"{at.replace('+00:00', 'Z')},{looked}\n"
            recent.append((looked, row))
            yield row
        number += 1


def _look(chance: random.Random, employees: int, records: int) -> str:
    who, what = chance.randrange(employees), chance.randrange(records)
    return (
        f"e.{who:05d},B{what:09d},seller-{what % 9000:04d},review-console,"
        f"s{chance.getrandbits(40):010x},10.{who >> 8}.{who & 255}.{what & 255}"
    )


def export(path: str, size: int) -> dict[str, int]:
    """Write a review export of about so many bytes: quoted texts, some with commas and line breaks."""
    chance = random.Random(3)  # noqa: S311 - made-up reviews
    texts = [_text(chance) for _ in range(5000)]
    written = records = 0
    with Path(path).open("w", encoding="ascii", newline="") as file:
        written += file.write(f"{EXPORT_HEADER}\n")
        while written < size:
            rows = "".join(_review(chance, records + n, texts) for n in range(1000))
            written += file.write(rows)
            records += 1000
    return {"records": records, "bytes": written}


def _review(chance: random.Random, number: int, texts: list[str]) -> str:
    draw = chance.getrandbits(64)
    given, family = GIVEN[draw & 15], FAMILY[(draw >> 4) % len(FAMILY)]
    day, second = 1 + (draw >> 8) % 28, (draw >> 16) % 60
    country, verified = ("US", "DE", "GB", "US")[(draw >> 34) & 3], ("true", "false")[(draw >> 36) & 1]
    return (
        f"R{number:08X}{(draw >> 24) & 1023:03X},B{(draw >> 37) % 3000:09d},{given} {family},"
        f"{given.lower()}.{family.lower()}{number}@example.com,{1 + (draw >> 50) % 5},"
        f"{texts[(draw >> 20) % 5000][1:13]},{texts[(draw >> 51) % 5000]},{country},"
        f"2026-03-{day:02d}T12:{second:02d}:00Z,{verified}\n"
    )


def _text(chance: random.Random) -> str:
    words = chance.choices(WORDS, k=chance.randrange(8, 40))
    if len(words) % 5 == 0:
        words[4] += ', "so to say",'.replace('"', '""')
    if len(words) % 11 == 0:
        words[6] += "\n"
    return f'"{" ".join(words)}"'
