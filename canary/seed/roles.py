"""Columns become roles: by name and content, which hold addresses, names and handles."""

import difflib
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from canary.address import split
from canary.errors import DataError

ADDRESS = re.compile(r"[^\s@,;:<>\"()\[\]]+@[^\s@,;:<>\"()\[\]]+\.[^\W\d_]{2,}")
ROLES = ("email", "name", "given", "family")
EMAIL_WORDS = frozenset({"email", "mail", "emailaddress"})
GIVEN = frozenset({"first", "given", "forename", "firstname", "givenname", "vorname", "prenom", "nombre"})
FAMILY = frozenset(
    {"last", "family", "surname", "lastname", "familyname", "nachname", "apellido", "apellidos"}
)
FULL = frozenset(
    {"name", "fullname", "reviewer", "customer", "author", "buyer", "person", "contact", "client", "user"}
    | {"displayname", "reviewername", "customername", "username", "kunde", "nom"}
)
HANDLES = frozenset({"username", "handle", "nick", "nickname", "login", "screenname", "userid", "account"})
THINGS = frozenset(
    {"product", "item", "brand", "company", "seller", "store", "shop", "category", "file", "city", "country"}
    | {"street", "title", "campaign", "host", "model", "vendor", "merchant", "region", "state", "id", "type"}
)
NAME = re.compile(r"[^\W\d_][^\d_@#/\\<>{}\[\]|]{0,79}")
CALLED_NAME = re.compile(r"(?=.*[^\W\d_A-Z]|.* )[^\W\d_]{2}[^@#/\\<>{}\[\]|]{0,78}")
HANDLE = re.compile(r"@?[\w.+-]{2,40}")
NEARLY_ALL = 0.9
MOSTLY = 0.5
OVERLAP = 0.3
WORDY = 3
ENOUGH = 5

Values = Mapping[str, Sequence[str]]
"""Column to its texts in the sample, record by record, "" where empty."""


def words_of(column: str) -> list[str]:
    """Return the lower-case words in a column's name (its last step, where it is a path)."""
    last = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", column.rpartition(".")[2] or column)
    return re.findall(r"[^\W_]+", last.lower())


def roles_of(values: Values, given: Mapping[str, str], *, name: str) -> dict[str, str]:
    """Return column to role; what the caller gave goes before what is found.

    Roles are email, name, given, family and handle. Raises DataError for a column that is not
    there, or where no column holds addresses.
    """
    check_map(given, tuple(values), name=name)
    roles = {column: role for role, column in given.items()}
    if "email" not in given:
        roles[_address_column(values, name=name)] = "email"
    addresses = values[next(column for column, role in roles.items() if role == "email")]
    persons = {"name", "given", "family"} & set(given)
    for column, texts in values.items():
        role = None if column in roles else _personal(column, texts, addresses)
        if role and not (role != "handle" and persons):
            roles[column] = role
    return roles


def check_map(given: Mapping[str, str], columns: Sequence[str], *, name: str) -> None:
    """Raise DataError where a map names a role or a column that is not there."""
    for role, column in given.items():
        if role not in ROLES:
            raise DataError(f"{role!r} is no role of a column", hint=f"roles are {', '.join(ROLES)}")
        if column not in columns:
            near = difflib.get_close_matches(column, columns, 1, 0.0)
            raise DataError(
                f"{name}, line 1, column 1: there is no column {column!r} for the {role}",
                hint=f"did you mean --map {role}={near[0]}?" if near else "the export has no columns",
            )


def _address_column(values: Values, *, name: str) -> str:
    best, best_score = None, (0.0, 0)
    for column, texts in values.items():
        share, distinct, filled = _addresses(texts)
        hinted = bool(EMAIL_WORDS & set(words_of(column)))
        if share < (MOSTLY if hinted else NEARLY_ALL) or (filled >= ENOUGH and distinct == 1):
            continue
        score = (float(hinted) + distinct / max(1, len(texts)), -len(column))
        if score > best_score:
            best, best_score = column, score
    if best is None:
        looked = ", ".join(list(values)[:40])
        raise DataError(
            f"{name}, line 1, column 1: no column holds e-mail addresses; looked at: {looked}",
            hint="name the column with --map email=COLUMN",
        )
    return best


def _addresses(texts: Sequence[str]) -> tuple[float, int, int]:
    filled = [text for text in texts if text]
    hits = [text for text in filled if ADDRESS.fullmatch(text)]
    return len(hits) / max(1, len(filled)), len(set(hits)), len(filled)


def _personal(column: str, texts: Sequence[str], addresses: Sequence[str]) -> str | None:
    filled = [text for text in texts if text]
    words = set(words_of(column))
    if not filled:
        return None
    if texts == addresses or (_addresses(texts)[0] >= NEARLY_ALL and len(set(filled)) > MOSTLY * len(filled)):
        return "email"
    if _is_handle(words, filled):
        return "handle"
    shape = CALLED_NAME if words & (FULL | GIVEN | FAMILY) else NAME
    named = sum(1 for text in filled if shape.fullmatch(text) and len(text.split()) <= ENOUGH)
    if named < NEARLY_ALL * len(filled) or words & THINGS:
        return None
    return _named(words, filled, _overlap(texts, addresses))


def _named(words: set[str], filled: Sequence[str], overlap: float) -> str | None:
    """Return which name a column of name-like texts holds, if it holds one."""
    if words & GIVEN:
        return "given"
    if words & FAMILY:
        return "family"
    varied = Counter(filled).most_common(1)[0][1] <= MOSTLY * len(filled) + 1
    called = words & FULL and (overlap >= OVERLAP or "name" in words or words <= FULL)
    return "name" if overlap >= MOSTLY or (called and varied) else None


def _is_handle(words: set[str], filled: Sequence[str]) -> bool:
    called = bool(words & HANDLES) or {"user", "name"} <= words or {"screen", "name"} <= words
    single = sum(1 for text in filled if HANDLE.fullmatch(text) and not text.isdigit())
    return called and single >= NEARLY_ALL * len(filled) and not words & {"id", "number", "no", "type"}


def _overlap(texts: Sequence[str], addresses: Sequence[str]) -> float:
    """Return the share of records whose address holds a word of the text: a name, most likely."""
    pairs = [(text, address) for text, address in zip(texts, addresses, strict=True) if text and address]
    if len(pairs) < ENOUGH:
        return 0.0
    hits = 0
    for text, address in pairs:
        local = split(address.lower())[0]
        hits += any(len(word) >= WORDY and word in local for word in re.findall(r"[^\W\d_]+", text.lower()))
    return hits / len(pairs)


def styled_name(given: str, family: str, like: str) -> str:
    """Return a name written the way another one is: order, initials, case."""
    parts = like.split()
    if "," in like:
        name = f"{family}, {given}"
    elif len(parts) == 1:
        name = given
    elif re.fullmatch(r"[^\W\d_]\.?", parts[-1]):
        name = f"{given} {family[:1]}{'.' if parts[-1].endswith('.') else ''}"
    elif re.fullmatch(r"[^\W\d_]\.?", parts[0]):
        name = f"{given[:1]}{'.' if parts[0].endswith('.') else ''} {family}"
    else:
        name = f"{given} {family}"
    return cased(name, like)


def cased(text: str, like: str) -> str:
    """Return a text in upper or lower case where another one is."""
    if like.isupper() and len(like) > 1:
        return text.upper()
    return text.lower() if like.islower() else text
