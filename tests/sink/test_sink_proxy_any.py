"""Any PROXY header, whole, in pieces and changed; and those that a real client sends."""

import shutil
import socket
import struct
import subprocess
from ipaddress import IPv4Address, IPv6Address
from socket import AF_INET, AF_INET6, inet_pton

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.sink.proxy import LARGEST, SIGNATURE, Header, ProxyError, parse
from tests.parts import need
from tests.sink.proxy_parts import binary, one_by_one, part, summed

V4 = inet_pton(AF_INET, "192.0.2.1") + inet_pton(AF_INET, "198.51.100.2") + struct.pack("!HH", 56324, 25)
V6 = inet_pton(AF_INET6, "2001:db8::1") + inet_pton(AF_INET6, "2001:db8::2") + struct.pack("!HH", 56324, 25)
addresses = st.one_of(
    st.tuples(st.just(4), st.ip_addresses(v=4), st.ip_addresses(v=4)),
    st.tuples(st.just(6), st.ip_addresses(v=6), st.ip_addresses(v=6)),
)
ports = st.integers(0, 65535)
extras = st.lists(st.tuples(st.sampled_from([1, 2, 4, 5, 0x30, 0xEE]), st.binary(max_size=40)), max_size=5)


def shown(ip: IPv4Address | IPv6Address) -> str:
    return str((ip.ipv4_mapped if isinstance(ip, IPv6Address) else None) or ip)


@given(addresses, ports, ports, st.binary(max_size=30))
def test_every_written_header_is_read_back(
    ends: tuple[int, IPv4Address | IPv6Address, IPv4Address | IPv6Address], port: int, our: int, rest: bytes
) -> None:
    version, ip, our_ip = ends
    line = f"PROXY TCP{version} {ip} {our_ip} {port} {our}\r\n".encode()
    expected = Header(len(line), shown(ip), port, shown(our_ip), our)
    assert parse(line + rest) == expected
    assert one_by_one(line) == expected


@given(addresses, ports, ports, extras, st.booleans(), st.binary(max_size=30))
def test_every_binary_header_is_read_back(
    ends: tuple[int, IPv4Address | IPv6Address, IPv4Address | IPv6Address],
    port: int,
    our: int,
    more: list[tuple[int, bytes]],
    checked: bool,
    rest: bytes,
) -> None:
    version, ip, our_ip = ends
    block = ip.packed + our_ip.packed + struct.pack("!HH", port, our)
    block += b"".join(part(kind, value) for kind, value in more)
    family = 0x11 if version == 4 else 0x21
    raw = summed(block, family=family) if checked else binary(block, family=family)
    header = parse(raw + rest)
    assert header is not None
    assert (header.length, header.ip, header.port) == (len(raw), shown(ip), port)
    assert (header.our_ip, header.our_port) == (shown(our_ip), our)
    assert one_by_one(raw) == header


@given(st.data())
def test_a_checked_header_with_a_byte_of_what_it_says_changed_is_refused(data: st.DataObject) -> None:
    name = b"mx.example.net"
    good = summed(V6 + part(2, name), family=0x21)
    says = 16 + len(V6)
    places = [*range(16, says), *range(says + 3, says + 3 + len(name)), *range(len(good) - 4, len(good))]
    at = data.draw(st.sampled_from(places))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != good[at]))
    with pytest.raises(ProxyError):
        parse(good[:at] + bytes([byte]) + good[at + 1 :])


starts = st.sampled_from(
    [b"", b"PROXY ", b"PROXY TCP4 1.2.3.4 ", SIGNATURE, SIGNATURE + b"\x21\x11\x00", binary(V4)]
)


@given(starts, st.binary(max_size=300))
def test_whatever_comes_it_is_a_header_or_an_error_or_not_enough(start: bytes, rest: bytes) -> None:
    raw = start + rest
    try:
        whole = parse(raw)
    except ProxyError:
        whole = None
    else:
        if whole is not None:
            assert 0 < whole.length <= len(raw)
            assert parse(raw[: whole.length - 1]) is None
            assert one_by_one(raw) == whole
            return
        assert len(raw) < LARGEST


@pytest.mark.parametrize(
    ("version", "family"), [("1", "TCP4"), ("1", "TCP6"), ("2", "AF_INET"), ("2", "AF_INET6")]
)
def test_the_header_that_swaks_sends_is_read(version: str, family: str) -> None:
    need(shutil.which("swaks"), "swaks")
    ip, our_ip = ("2001:db8::1", "2001:db8::2") if family.endswith("6") else ("192.0.2.1", "192.0.2.2")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        port = server.getsockname()[1]
        command = ["swaks", "--server", "127.0.0.1", "--port", str(port), "--quit-after", "CONNECT"]
        told = ["--proxy-version", version, "--proxy-family", family]
        told += ["--proxy-source", ip, "--proxy-source-port", "56324"]
        told += ["--proxy-dest", our_ip, "--proxy-dest-port", "25"]
        with subprocess.Popen(
            [*command, *told], stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
        ) as swaks:
            client, _ = server.accept()
            with client:
                client.settimeout(20)
                arrived = bytearray()
                while (header := parse(arrived)) is None:
                    piece = client.recv(1)
                    assert piece
                    arrived += piece
            swaks.wait(20)
    assert header == Header(len(arrived), ip, 56324, our_ip, 25)
