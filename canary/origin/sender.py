"""Envelope, head and peer become who says to have sent a message, each name in its normal form."""

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

from canary.model import Peer
from canary.origin.domains import Name, name_of
from canary.origin.fields import Head, Mailbox, mailbox_of, mailboxes

V4_PREFIX = 24
V6_PREFIX = 48
MOST_NOTES = 10


@dataclass(frozen=True, slots=True)
class Sender:
    """The names a message came under. All but `network` are claims until something authenticates them.

    `network` is the client's IPv4 /24 or IPv6 /48, "" if nobody knows it. `notes` are our own words about
    what is odd; attackers' words stand in them only as domains in ASCII.
    """

    envelope: Mailbox | None = None
    header_from: tuple[Mailbox, ...] = ()
    reply_to: tuple[Mailbox, ...] = ()
    sender: Mailbox | None = None
    helo: Name | None = None
    reverse: Name | None = None
    message_id: Name | None = None
    network: str = ""
    notes: tuple[str, ...] = ()

    @property
    def organisations(self) -> tuple[str, ...]:
        """Return the organisational domains that the message came under, each once, the envelope's first."""
        boxes = (self.envelope, *self.header_from, self.sender, *self.reply_to)
        names = (*(box.name for box in boxes if box), self.helo, self.message_id)
        return tuple(dict.fromkeys(name.organisation for name in names if name and name.organisation))


def sender_of(head: Head, mail_from: str, peer: Peer) -> Sender:
    """Return who says to have sent a message. Never raises.

    `mail_from` and `peer` are the envelope's, which our host saw; "" and an empty peer where it did not.
    """
    froms = [mailbox for field in head.all("from")[:3] for mailbox in mailboxes(field.text)]
    replies = head.first("reply-to")
    sender = head.first("sender")
    number = head.first("message-id")
    found = Sender(
        mailbox_of(mail_from[:400].replace(" ", "")),
        tuple(dict.fromkeys(froms)),
        mailboxes(replies.text) if replies else (),
        mailbox_of(sender.text[:400]) if sender else None,
        name_of(peer.helo) if peer.helo else None,
        name_of(peer.name) if peer.name else None,
        name_of(number.text[:400].rpartition("@")[2].strip("<> ")) if number else None,
        network_of(peer.ip),
    )
    return _noted(found, len(head.all("from")))


def network_of(ip: str) -> str:
    """Return the IPv4 /24 or IPv6 /48 of an address; "" for what is none."""
    try:
        address = ip_address(ip.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    prefix = V4_PREFIX if address.version == 4 else V6_PREFIX  # noqa: PLR2004 - the IP version
    return str(ip_network((address, prefix), strict=False))


def _noted(sender: Sender, froms: int) -> Sender:
    boxes = (sender.envelope, *sender.header_from, sender.sender, *sender.reply_to)
    names = dict.fromkeys(box.name for box in boxes if box)
    notes = [f"{name.ascii} {name.note}" for name in names if name.note]
    if froms != 1:
        notes.append("no From field" if not froms else f"{froms} From fields")
    from_orgs = {box.name.organisation for box in sender.header_from}
    if len(from_orgs) == 1:
        others = (("replies go", sender.reply_to), ("bounces go", (sender.envelope,)))
        notes += [
            f"{what} to {box.name.ascii}, not to the From domain"
            for what, where in others
            for box in where[:1]
            if box and box.name.organisation not in from_orgs
        ]
    return _with(sender, tuple(notes[:MOST_NOTES]))


def _with(sender: Sender, notes: tuple[str, ...]) -> Sender:
    return Sender(
        sender.envelope,
        sender.header_from,
        sender.reply_to,
        sender.sender,
        sender.helo,
        sender.reverse,
        sender.message_id,
        sender.network,
        notes,
    )
