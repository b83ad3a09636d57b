"""Domains become what DNS says of them: an SPF record each, over UDP on loopback."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


@contextmanager
def named(texts: Mapping[str, str]) -> Iterator[int]:
    """Answer TXT questions by domain until the block ends; gives the port. Other names do not exist."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(0.2)
        ended = threading.Event()
        thread = threading.Thread(target=_serve, args=(sock, texts, ended), daemon=True)
        thread.start()
        try:
            yield sock.getsockname()[1]
        finally:
            ended.set()
            thread.join()


def _serve(sock: socket.socket, texts: Mapping[str, str], ended: threading.Event) -> None:
    while not ended.is_set():
        with suppress(TimeoutError, dns.exception.DNSException):
            wire, peer = sock.recvfrom(4096)
            sock.sendto(_answer(dns.message.from_wire(wire), texts).to_wire(), peer)


def _answer(query: dns.message.Message, texts: Mapping[str, str]) -> dns.message.Message:
    question = query.question[0]
    name = str(question.name).rstrip(".").lower()
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.RA
    said = texts.get(name)
    if said is None:
        reply.set_rcode(dns.rcode.NXDOMAIN)
    elif question.rdtype == dns.rdatatype.TXT:
        reply.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "TXT", f'"{said}"'))
    return reply
