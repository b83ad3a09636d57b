"""Text becomes the ways to answer it that it names: telephone numbers and messengers' handles."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import parse_qs, unquote, urlsplit

from canary.origin.fields import Mailbox, mailbox_of

MOST_FOUND = 30
JOIN = (
    r"(?P<id>[\s_-]{0,2}(?:id|no|number|num|account|acc|name|username|号|账号|帐号|帳號|號))?"
    r"(?P<mark>[\s:=~\-.+>()\[\]]{0,6})"
)
"""What stands between a messenger's name and a handle of it. Texts are in lower case here, and NFKC."""

MARKS = frozenset(":=@")

HANDLES = (
    (
        "wechat",
        ("chat", "weixin", "wei xin", "vx", "wx", "微信", "薇信", "威信", "加微"),
        r"(?<![a-z0-9])(?:we[\s-]?chat|wei\s?xin|vx|wx|微信|薇信|威信|加微)"
        + JOIN
        + r"@?(?P<handle>[a-z][a-z0-9_-]{5,19}|1[3-9]\d{9})(?![a-z0-9_])",
    ),
    (
        "telegram",
        ("tele", "tg"),
        r"(?<![a-z0-9])(?:telegram|tele|tg)" + JOIN + r"@?(?P<handle>[a-z][a-z0-9_]{4,31})(?![a-z0-9_.])",
    ),
    (
        "qq",
        ("qq", "扣扣", "企鹅"),
        r"(?<![a-z0-9])(?:qq|扣扣|企鹅)" + JOIN + r"(?P<handle>[1-9]\d{4,10})(?!\d)",
    ),
    ("qq", ("@qq.com",), r"(?<![a-z0-9._-])(?P<handle>[1-9]\d{4,10})@qq\.com"),
    (
        "whatsapp",
        ("app", "wa"),
        r"(?<![a-z0-9])(?:whats?\s?app|wa|wapp)" + JOIN + r"(?P<handle>(?:\d[\s().-]{0,2}){7,14}\d)",
    ),
)
"""A messenger, words without one of which it is not looked for, and what its handles look like."""

PATTERNS = tuple((messenger, words, re.compile(form)) for messenger, words, form in HANDLES)
MESSENGER_LINK = re.compile(
    r"(?:https?://)?(?:(?:t|telegram)\.me/|wa\.me/|api\.whatsapp\.com/send)[^\s<>\"']{0,80}|tg://[^\s<>\"']{1,80}"
)
ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,5}[\w-]{2,63}")
INTERNATIONAL = re.compile(r"(?<![\w+])(?:\+|00)([1-9](?:[\s().-]{0,2}\d){7,14})(?![\d])")
CHINESE = re.compile(r"(?<![\w.+-])(1[3-9]\d[\s-]?\d{4}[\s-]?\d{4})(?![\w-])")
NORTH_AMERICAN = re.compile(r"(?<![\w.+-])\(?([2-9]\d{2})\)?[\s.-]{1,2}([2-9]\d{2})[\s.-](\d{4})(?![\w-])")
CALLED = re.compile(
    r"(?:tel|phone|call|text|sms|mobile|cell|电话|手机)" + JOIN + r"(?P<handle>(?:\d[\s().-]{0,2}){7,14}\d)"
)

NO_HANDLE = frozenset(
    {"account", "accounts", "address", "answer", "before", "because", "contact", "customer", "details"}
    | {"directly", "friend", "friends", "group", "groups", "message", "messages", "number", "online"}
    | {"payment", "please", "service", "support", "though", "through", "whatsapp", "wechat", "telegram"}
)
"""Words that follow a messenger's name in a sentence."""

E164 = range(8, 15 + 1)
NATIONAL = 10
TELEGRAM_PATHS = frozenset({"joinchat", "share", "addstickers", "proxy", "socks", "iv", "s"})


def mailboxes_in(text: str, urls: Iterable[str] = ()) -> Iterator[Mailbox]:
    """Yield the mail addresses that a text names and `mailto:` links lead to."""
    for found in _few(ADDRESS, text):
        if box := mailbox_of(found[0].strip(".-")):
            yield box
    for url in urls:
        if url.lower().startswith("mailto:") and (box := mailbox_of(unquote(url[7:].partition("?")[0]))):
            yield box


def handles_in(text: str) -> Iterator[tuple[str, str]]:
    """Yield (messenger, handle) for those that a text names: wechat, telegram, whatsapp, qq.

    Handles are in lower case, numbers in digits only. A plain word after a messenger's name is one only
    where something says so: a colon, "id", a digit in it.
    """
    lower = text.lower()
    for messenger, words, pattern in PATTERNS:
        if any(word in lower for word in words):
            for found in _few(pattern, lower):
                handle = found["handle"]
                if messenger in {"whatsapp", "qq"}:
                    yield messenger, _digits(handle)
                elif handle not in NO_HANDLE and _is_told(found):
                    yield messenger, handle
    if any(word in lower for word in (".me/", "whatsapp.com/", "tg://")):
        for found in _few(MESSENGER_LINK, lower):
            yield from handle_of(found[0])


def _is_told(found: re.Match[str]) -> bool:
    between = found[0].removesuffix(found["handle"])
    marked = not MARKS.isdisjoint(between) or bool(found["id"])
    unlike_a_word = any(c.isdigit() or c == "_" for c in found["handle"])
    return marked or (unlike_a_word and (bool(found["mark"]) or not between.isascii()))


def handle_of(url: str) -> Iterator[tuple[str, str]]:
    """Yield the (messenger, handle) that a link leads to, if it leads to one (t.me, tg:, wa.me, whatsapp)."""
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        host, told = (parts.hostname or "").removeprefix("www."), parse_qs(parts.query, max_num_fields=20)
    except ValueError:
        return
    first = parts.path.strip("/").partition("/")[0].lower()
    if parts.scheme == "tg":
        first, host = told.get("domain", [""])[0].lower(), "t.me"
    if (
        host in {"t.me", "telegram.me"}
        and re.fullmatch(r"\+?[a-z0-9_-]{5,32}", first)
        and first not in TELEGRAM_PATHS
    ):
        yield "telegram", first
    number = _digits(first if host == "wa.me" else told.get("phone", [""])[0])
    theirs = host == "wa.me" or host.endswith("whatsapp.com") or parts.scheme == "whatsapp"
    if theirs and len(number) in E164:
        yield "whatsapp", number


def phones_in(text: str) -> Iterator[tuple[str, bool]]:
    """Yield telephone numbers in digits, with the country's where it is told, and whether that is sure.

    A number is sure with `+` or `00` before it, or a word like "tel"; one that only has the shape of a
    Chinese mobile or a North American number is not: so have parcels.
    """
    for found in _few(INTERNATIONAL, text):
        yield _digits(found[1]), True
    for found in _few(CALLED, text.lower()):
        number = _digits(found["handle"])
        yield ("1" if len(number) == NATIONAL and number[0] in "23456789" else "") + number, True
    for found in _few(CHINESE, text):
        yield "86" + _digits(found[1]), False
    for found in _few(NORTH_AMERICAN, text):
        yield "1" + "".join(found.groups()), False


def _few(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    for number, found in enumerate(pattern.finditer(text)):
        if number == MOST_FOUND:
            return
        yield found


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isascii() and c.isdigit())
