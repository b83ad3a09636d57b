"""A real Postfix that receives for our domains."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.postfix import running_postfix

RECEIVING = """
myhostname = {hostname}
mydestination = $myhostname, example.net, example.org
mynetworks = 192.0.2.254/32
smtpd_peername_lookup = no
smtpd_relay_restrictions = reject_unauth_destination
smtpd_tls_security_level = may
smtpd_tls_cert_file = {cert}
smtpd_tls_key_file = {key}
message_size_limit = 100000
recipient_delimiter = +
local_recipient_maps = inline:{{ {people} }}
local_transport = discard
"""


@contextmanager
def receiving_postfix(hostname: str, people: Sequence[str], cert: Path, key: Path) -> Iterator[int]:
    """Run a Postfix where these people have mailboxes, and give its port."""
    known = ", ".join(f"{{{person} = x}}" for person in people)
    with running_postfix(RECEIVING.format(hostname=hostname, cert=cert, key=key, people=known)) as made:
        yield made.port
