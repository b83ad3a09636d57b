"""A message becomes what its sender is known again by: names, links, contacts, products, wording."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from canary.model import Indicator, Strength
from canary.origin.contacts import handle_of, handles_in, mailboxes_in, phones_in
from canary.origin.domains import Name, organisation
from canary.origin.fields import head_of
from canary.origin.links import host_of, links_in, path_of
from canary.origin.listed import Shared, shared
from canary.origin.offers import Patterns, amounts_in, identifiers_in
from canary.origin.parts import Caps, Content, content_of
from canary.origin.results import Authentication
from canary.origin.sender import Sender
from canary.origin.wording import simhash

MOST_OF_A_KIND = 20
MOST_CHARS = 200


class Kind(StrEnum):
    """What an indicator is of."""

    AUTHENTICATED = "authenticated domain"
    MAILBOX = "mailbox"
    REPLY_TO = "reply-to"
    CONTACT = "contact address"
    SENDER_DOMAIN = "sender domain"
    NETWORK = "network"
    HELO = "helo"
    MESSAGE_ID = "message-id domain"
    LINK_DOMAIN = "link domain"
    LINK = "link"
    IMAGE_DOMAIN = "image domain"
    PHONE = "phone"
    WECHAT = "wechat"
    TELEGRAM = "telegram"
    WHATSAPP = "whatsapp"
    QQ = "qq"
    PRODUCT = "product"
    ORDER = "order"
    AMOUNT = "amount"
    WORDING = "wording"


@dataclass(frozen=True, slots=True)
class Indications:
    """The indicators of a message, strongest first, each once; `capped` if there was more to read."""

    indicators: tuple[Indicator, ...] = ()
    capped: bool = False


def indications(
    raw: bytes,
    sender: Sender,
    authentication: Authentication | None = None,
    ours: Collection[str] = (),
    patterns: Patterns = Patterns(),  # noqa: B008 - frozen
    caps: Caps = Caps(),  # noqa: B008 - frozen
) -> Indications:
    """Return what the sender of a message is known again by. Never raises; takes 50 ms at most.

    `ours` are domains that say nothing about a sender: those of decoys and of the company itself.
    """
    content = content_of(raw, caps)
    subject = head_of(raw).first("subject")
    text = f"{subject.words if subject else ''}\n{content.text}"
    found = [*_named(sender, authentication), *_linked(content, text), *_written(text, patterns, content)]
    return Indications(_ordered(found, frozenset(map(organisation, ours)) | set(ours)), content.capped)


def _ordered(found: Iterable[Indicator], ours: Collection[str]) -> tuple[Indicator, ...]:
    """Return indicators without our own, the strongest of each value, at most some of a kind."""
    best: dict[tuple[str, str], Indicator] = {}
    counts: dict[str, int] = {}
    for each in sorted(found, key=lambda indicator: -indicator.strength):
        key = each.kind, each.value
        if (
            not each.value
            or key in best
            or _is_of(each.value, ours)
            or counts.get(each.kind, 0) >= MOST_OF_A_KIND
        ):
            continue
        best[key] = each
        counts[each.kind] = counts.get(each.kind, 0) + 1
    return tuple(best.values())


def _is_of(value: str, domains: Collection[str]) -> bool:
    domain = value.rpartition("@")[2].partition("/")[0]
    return domain in domains or organisation(domain) in domains


def _domain(kind: Kind, name: Name | None, most: Strength) -> Iterator[Indicator]:
    """Yield a domain's organisation, as a mere hint where strangers share it."""
    if name and (value := name.organisation or name.ascii):
        yield Indicator(kind.value, value, Strength.HINTS if shared(name.ascii) else most)


def _named(sender: Sender, authentication: Authentication | None) -> Iterator[Indicator]:
    for domain in authentication.authenticated if authentication else ():
        yield from _domain(Kind.AUTHENTICATED, Name(domain, organisation(domain)), Strength.IDENTIFIES)
    proven = bool(authentication and authentication.aligned)
    for box in sender.header_from:
        sure = proven and authentication is not None and box.name.ascii == authentication.header_from
        yield Indicator(
            Kind.MAILBOX.value, box.address[:MOST_CHARS], Strength.IDENTIFIES if sure else Strength.HINTS
        )
        yield from _domain(Kind.SENDER_DOMAIN, box.name, Strength.SUPPORTS)
    if sender.envelope:
        yield from _domain(Kind.SENDER_DOMAIN, sender.envelope.name, Strength.SUPPORTS)
    for box in sender.reply_to:
        if box not in sender.header_from:
            yield Indicator(Kind.REPLY_TO.value, box.address[:MOST_CHARS], Strength.IDENTIFIES)
    yield from _domain(Kind.HELO, sender.helo, Strength.SUPPORTS)
    yield from _domain(Kind.MESSAGE_ID, sender.message_id, Strength.SUPPORTS)
    big = (sender.reverse and shared(sender.reverse.ascii)) or (sender.helo and shared(sender.helo.ascii))
    yield Indicator(Kind.NETWORK.value, sender.network, Strength.HINTS if big else Strength.SUPPORTS)


def _linked(content: Content, text: str) -> Iterator[Indicator]:
    for link in content.links:
        yield from (
            _link(link.url)
            if link.clicked
            else _domain(Kind.IMAGE_DOMAIN, host_of(link.url), Strength.SUPPORTS)
        )
    for url in links_in(text):
        yield from _link(url)


def _link(url: str) -> Iterator[Indicator]:
    yield from (
        Indicator(Kind(messenger).value, handle, Strength.IDENTIFIES) for messenger, handle in handle_of(url)
    )
    name = host_of(url)
    if not name:
        return
    yield from _domain(Kind.LINK_DOMAIN, name, Strength.IDENTIFIES)
    path = path_of(url)
    if path and shared(name.ascii) is Shared.SHORTENER:
        yield Indicator(Kind.LINK.value, f"{name.ascii}{path}", Strength.IDENTIFIES)


def _written(text: str, patterns: Patterns, content: Content) -> Iterator[Indicator]:
    for messenger, handle in handles_in(text):
        yield Indicator(Kind(messenger).value, handle, Strength.IDENTIFIES)
    for number, sure in phones_in(text):
        yield Indicator(Kind.PHONE.value, number, Strength.IDENTIFIES if sure else Strength.SUPPORTS)
    for box in mailboxes_in(text, [link.url for link in content.links]):
        yield Indicator(Kind.CONTACT.value, box.address[:MOST_CHARS], Strength.IDENTIFIES)
    for name, value in identifiers_in(
        text + "\n" + "\n".join(link.url for link in content.links), patterns.products
    ):
        yield Indicator(Kind.PRODUCT.value, f"{name}:{value}"[:MOST_CHARS], Strength.SUPPORTS)
    for name, value in identifiers_in(text, patterns.orders):
        yield Indicator(Kind.ORDER.value, f"{name}:{value}"[:MOST_CHARS], Strength.SUPPORTS)
    for amount in amounts_in(text):
        yield Indicator(Kind.AMOUNT.value, amount, Strength.HINTS)
    bits = simhash(max(content.plain, content.marked_up, key=len))
    if bits is not None:
        yield Indicator(Kind.WORDING.value, f"{bits:016x}", Strength.SUPPORTS)
