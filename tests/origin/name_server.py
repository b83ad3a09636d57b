"""A name server on loopback, over UDP and TCP, that answers, lies, and is silent as it is told."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

UDP_BYTES = 1232


@dataclass
class NameServer:
    """Answers from `records`, but a name in `manners` as that says.

    By a silence, a wrong id, a servfail, junk, another name's data, or an end that never comes by TCP.
    `asked` holds every question, in lower case. `beside` are records that every answer has, too.
    """

    port: int = 0
    records: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    manners: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    by_tcp: int = 0
    ttl: int = 60
    beside: list[str] = field(default_factory=list)

    def add(self, name: str, kind: str, *data: str) -> None:
        self.records.setdefault((name, kind), []).extend(data)

    def text(self, name: str, value: str) -> None:
        """Add a TXT record, in strings of at most 255 bytes."""
        pieces = [value[at : at + 255] for at in range(0, len(value), 255)]
        self.add(name, "TXT", " ".join(f'"{piece}"' for piece in pieces))

    def reply(self, wire: bytes, *, tcp: bool) -> bytes | None:
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name, kind = str(question.name).rstrip(".").lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        self.by_tcp += tcp
        manner = self.manners.get(name, "")
        if manner == "silent":
            return None
        if manner == "junk":
            return wire[:2] + b"\x84\x00" + b"\xc0" * 40
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        if manner == "servfail":
            reply.set_rcode(dns.rcode.SERVFAIL)
        else:
            self._answer(reply, name, kind)
            for line in self.beside:
                owner, kind_beside, data = line.split(" ", 2)
                record = dns.rrset.from_text(owner, 3600, "IN", kind_beside, data)
                (reply.authority if kind_beside == "SOA" else reply.answer).append(record)
        if manner == "another name" and reply.answer:
            told = reply.answer.pop()
            reply.answer.append(dns.rrset.from_rdata_list("another.example.", told.ttl, list(told)))
        if manner == "cut short":
            if tcp:
                return None
            reply.answer.clear()
            reply.flags |= dns.flags.TC
        if manner == "wrong id":
            reply.id = (reply.id + 1) & 0xFFFF
        wire = reply.to_wire(max_size=65535)
        if not tcp and len(wire) > UDP_BYTES:
            reply.answer.clear()
            reply.flags |= dns.flags.TC
            wire = reply.to_wire()
        return wire

    def _answer(self, reply: dns.message.Message, name: str, kind: str) -> None:
        for _ in range(3):
            data = self.records.get((name, kind))
            alias = self.records.get((name, "CNAME"))
            if data:
                reply.answer.append(dns.rrset.from_text(f"{name}.", self.ttl, "IN", kind, *data))
                return
            if not alias:
                break
            reply.answer.append(dns.rrset.from_text(f"{name}.", self.ttl, "IN", "CNAME", *alias))
            name = alias[0].rstrip(".")
        if not any(known == name for known, _ in self.records):
            reply.set_rcode(dns.rcode.NXDOMAIN)


@contextmanager
def serving() -> Iterator[NameServer]:
    """Run a name server until the block ends."""
    server = NameServer()
    udp, tcp = _bound()
    server.port = udp.getsockname()[1]
    threads = [
        threading.Thread(target=each, args=(server, sock), daemon=True)
        for each, sock in ((_datagrams, udp), (_streams, tcp))
    ]
    for thread in threads:
        thread.start()
    try:
        yield server
    finally:
        for sock in (udp, tcp):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        for thread in threads:
            thread.join(5)


def _bound() -> tuple[socket.socket, socket.socket]:
    """Return a UDP and a listening TCP socket with the same port."""
    for _ in range(50):
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            tcp.bind(udp.getsockname())
        except OSError:
            udp.close()
            tcp.close()
            continue
        tcp.listen()
        udp.settimeout(0.1)
        return udp, tcp
    raise AssertionError("no port is free for both")


def _datagrams(server: NameServer, sock: socket.socket) -> None:
    while sock.fileno() >= 0:
        try:
            wire, peer = sock.recvfrom(4096)
        except TimeoutError:
            continue
        except OSError:
            return
        if wire and (reply := server.reply(wire, tcp=False)):
            with suppress(OSError):
                sock.sendto(reply, peer)


def _streams(server: NameServer, listener: socket.socket) -> None:
    while True:
        try:
            sock, _ = listener.accept()
        except OSError:
            return
        with sock, suppress(OSError, struct.error):
            (size,) = struct.unpack("!H", sock.recv(2, socket.MSG_WAITALL))
            reply = server.reply(sock.recv(size, socket.MSG_WAITALL), tcp=True)
            if reply:
                sock.sendall(struct.pack("!H", len(reply)) + reply)
