"""Mail that names others' decoys where anybody can write them accuses nobody but whom the envelope names."""

from collections.abc import Callable

from canary.model import Message
from tests.cli.conftest import Desk

MAIL = (
    "From: Care <%(framed)s>\r\nReply-To: <%(framed)s>\r\nSender: %(framed)s\r\nTo: %(many)s\r\n"
    "Cc: %(framed)s\r\nBcc: %(framed)s\r\nResent-To: %(framed)s\r\n"
    "X-Original-To: %(framed)s\r\nDelivered-To: %(framed)s\r\n"
    "Subject: offer for %(framed)s\r\nMessage-ID: <1@seller.example>\r\n\r\n"
    "Please answer to %(framed)s, or see http://seller.example/?%(framed)s\r\n"
)


def test_only_the_envelope_accuses_though_thousands_of_headers_name_colleagues(
    desk: Desk, mail: Callable[..., Message]
) -> None:
    mine, framed = desk.address("e.marsh", "B01"), desk.address("t.okafor", "B02")
    many = ",\r\n ".join([framed, *(f"x{number}@one.example" for number in range(3000)), framed])
    raw = (MAIL % {"framed": framed, "many": many}).encode()
    desk.keep(mail(mine, raw=raw))
    (hit,) = desk("hits", "--json").json()
    assert (hit["decoy"]["address"], [each["employee"] for each in hit["accesses"]]) == (mine, ["e.marsh"])
    desk("incidents", "rebuild").ok()
    (incident,) = desk("incidents", "--json").json()
    assert incident["employees"] == ["e.marsh"]
    assert not any("t.okafor" in row["employees"] for row in incident["ranking"])
    shown = desk("incident", "show", incident["id"], "--json").ok()
    assert "t.okafor" not in shown.out
    assert desk("attempts", "--near", "--json").json()["near"] == []
