"""The PROXY header: HAProxy's doc/proxy-protocol.txt, sections 2.1 and 2.2, and what is none."""

import struct
from socket import AF_INET, AF_INET6, inet_pton
from time import thread_time

import pytest

from canary.sink.proxy import LARGEST, Header, ProxyError, crc32c, parse
from tests.sink.proxy_parts import binary, one_by_one, part, summed

V4 = inet_pton(AF_INET, "192.0.2.1") + inet_pton(AF_INET, "198.51.100.2") + struct.pack("!HH", 56324, 25)
V6 = inet_pton(AF_INET6, "2001:db8::1") + inet_pton(AF_INET6, "2001:db8::2") + struct.pack("!HH", 56324, 25)
UNIX = b"/run/a".ljust(108, b"\0") + b"/run/b".ljust(108, b"\0")
SAID = b"EHLO client.example\r\n"

WRITTEN = {
    b"PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n": ("192.168.0.1", 56324, "192.168.0.11", 443),
    b"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n": (
        *("255.255.255.255", 65535),
        *("255.255.255.255", 65535),
    ),
    b"PROXY TCP4 1.2.3.4 5.6.7.8 0 0\r\n": ("1.2.3.4", 0, "5.6.7.8", 0),
    b"PROXY TCP6 2001:db8::1 2001:DB8:0:0:0:0:0:2 1 25\r\n": ("2001:db8::1", 1, "2001:db8::2", 25),
    b"PROXY TCP6 " + b" ".join([b"ffff:" * 7 + b"ffff"] * 2) + b" 65535 65535\r\n": (
        *("ffff:" * 7 + "ffff", 65535),
        *("ffff:" * 7 + "ffff", 65535),
    ),
    b"PROXY TCP6 ::ffff:192.0.2.1 ::ffff:c633:6402 1 25\r\n": ("192.0.2.1", 1, "198.51.100.2", 25),
}


@pytest.mark.parametrize("line", WRITTEN)
def test_a_written_header_tells_both_ends(line: bytes) -> None:
    ip, port, our_ip, our_port = WRITTEN[line]
    header = parse(line + SAID)
    assert header == Header(len(line), ip, port, our_ip, our_port)
    assert not header.local


@pytest.mark.parametrize(
    "line",
    [
        b"PROXY UNKNOWN\r\n",
        b"PROXY UNKNOWN whatever \xff\0 there is\r\n",
        b"PROXY UNKNOWN " + b" ".join([b"ffff:" * 7 + b"ffff"] * 2) + b" 65535 65535\r\n",
    ],
)
def test_an_unknown_client_leaves_the_addresses_of_the_connection(line: bytes) -> None:
    header = parse(line + SAID)
    assert header == Header(len(line))
    assert header.local


@pytest.mark.parametrize(
    "line",
    [
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 25\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 25\r \n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 25\r\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 25 \r\n",
        b"PROXY TCP4  192.0.2.1 192.0.2.2 1 25\r\n",
        b"PROXY TCP4\t192.0.2.1 192.0.2.2 1 25\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 25 7\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 01 25\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 00 25\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 -1 25\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 +1 25\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 \xd9\xa1 25\r\n",
        b"PROXY TCP4 192.0.2.01 192.0.2.2 1 25\r\n",
        b"PROXY TCP4 192.0.2.256 192.0.2.2 1 25\r\n",
        b"PROXY TCP4 192.0.2 192.0.2.2 1 25\r\n",
        b"PROXY TCP4 2001:db8::1 2001:db8::2 1 25\r\n",
        b"PROXY TCP6 192.0.2.1 192.0.2.2 1 25\r\n",
        b"PROXY TCP6 2001:db8::1 192.0.2.2 1 25\r\n",
        b"PROXY TCP6 2001:db8::1::2 2001:db8::2 1 25\r\n",
        b"PROXY TCP6 fe80::1%eth0 2001:db8::2 1 25\r\n",
        b"PROXY TCP6 [2001:db8::1] 2001:db8::2 1 25\r\n",
        b"PROXY TCP6 12345::1 2001:db8::2 1 25\r\n",
        b"PROXY UDP4 192.0.2.1 192.0.2.2 1 25\r\n",
        b"PROXY tcp4 192.0.2.1 192.0.2.2 1 25\r\n",
        b"PROXY UNKNOWNISH\r\n",
        b"PROXY UNKNOWN a\rb\r\n",
        b"PROXY \r\n",
        b"PROXY UNKNOWN " + b"x" * 92 + b"\r\n",
        b"PROXY UNKNOWN " + b"x" * 93 + b"\r\n",
        b"PROXY UNKNOWN " + b"x" * 1000,
        b"PROXY  TCP4",
        b"proxy TCP4 192.0.2.1 192.0.2.2 1 25\r\n",
        b"PROXYTCP4",
        b"EHLO client.example\r\n",
        b"\r\nPROXY UNKNOWN\r\n",
        b"\r\n\r\n\0\r\nQUIT\r\n",
        b"\x16\x03\x01\x02\x00",
        b"\0",
    ],
)
def test_what_is_no_header_is_refused(line: bytes) -> None:
    if line == b"PROXY  TCP4":
        assert parse(line) is None
        line += b"\r\n"
    with pytest.raises(ProxyError):
        parse(line + SAID)
    with pytest.raises(ProxyError):
        one_by_one(line + SAID)


def test_a_binary_header_tells_both_ends() -> None:
    for family, block, ip, our_ip in (
        (0x11, V4, "192.0.2.1", "198.51.100.2"),
        (0x21, V6, "2001:db8::1", "2001:db8::2"),
    ):
        raw = binary(block, family=family)
        assert parse(raw + SAID) == Header(len(raw), ip, 56324, our_ip, 25)


def test_the_bytes_that_a_proxy_is_known_to_send_are_read() -> None:
    """As an HAProxy in front of a web server sent them, seen in a capture."""
    raw = bytes.fromhex("0d0a0d0a000d0a515549540a2111000cac130001ac130003a6520050")
    assert parse(raw + b"GET / HTTP/1.1\r\n") == Header(28, "172.19.0.1", 42578, "172.19.0.3", 80)


def test_what_haproxy_says_of_a_client_with_a_certificate_is_read() -> None:
    """As HAProxy 2.6.12 sent it, with options crc32c, authority, ssl, cert-cn, ssl-cipher, unique-id."""
    raw = bytes.fromhex(
        "0d0a0d0a000d0a515549540a211100637f0000017f0000019fe2aa4b030004aa1e811502000e6d782e6578616d706c652e6e6574"
        "0500002000390700000000210007544c5376312e3322000e636c69656e742e6578616d706c65230016544c535f4145535f323536"
        "5f47434d5f534841333834"
    )
    ends = ("127.0.0.1", 40930, "127.0.0.1", 43595)
    said = ("mx.example.net", "TLSv1.3 TLS_AES_256_GCM_SHA384", "client.example")
    assert parse(raw + SAID) == Header(115, *ends, *said)


def test_ipv4_written_as_ipv6_is_ipv4() -> None:
    mapped = b"".join(inet_pton(AF_INET6, ip) for ip in ("::ffff:192.0.2.1", "::ffff:192.0.2.2"))
    header = parse(binary(mapped + struct.pack("!HH", 1, 25), family=0x21))
    assert header is not None
    assert (header.ip, header.our_ip) == ("192.0.2.1", "192.0.2.2")


@pytest.mark.parametrize(
    "raw",
    [
        binary(b"", command=0x20, family=0x00),
        binary(b"", command=0x20, family=0x11),
        binary(V4, command=0x20, family=0x11),
        binary(b"\xff" * 7, command=0x20, family=0xFF),
        binary(b"", family=0x00),
        binary(b"\xff" * 50, family=0x00),
        binary(b"\xff" * 50, family=0x01),
        binary(V4, family=0x10),
        binary(V4, family=0x12),
        binary(V6, family=0x22),
        binary(UNIX, family=0x31),
        binary(UNIX, family=0x32),
    ],
)
def test_who_speaks_for_itself_or_for_nobody_we_can_name_is_local(raw: bytes) -> None:
    assert parse(raw + SAID) == Header(len(raw))


@pytest.mark.parametrize(
    "raw",
    [
        binary(V4, command=0x11),
        binary(V4, command=0x31),
        binary(V4, command=0x01),
        binary(V4, command=0x22),
        binary(V4, command=0x2F),
        binary(V4, family=0x41),
        binary(V4, family=0xF1),
        binary(V4, family=0x13),
        binary(V4, family=0x1F),
        binary(V4[:-1]),
        binary(b""),
        binary(V4, family=0x21),
        binary(V6[:-1], family=0x21),
        binary(UNIX[:-1], family=0x31),
        binary(V4 + b"\x04"),
        binary(V4 + b"\x04\x00"),
        binary(V4 + b"\x04\x00\x01"),
        binary(V4 + part(4, b"abc") + b"\x04\xff\xff"),
        binary(V4 + part(3, bytes(4))),
        binary(V4 + part(3, bytes(3))),
        binary(V4 + part(3, b"")),
        binary(V4 + part(0x20, bytes(4))),
        binary(V4 + part(0x20, b"\x01" + bytes(4) + b"\x21\x00\x08TLSv1.3")),
        binary(b"", length=LARGEST - 15),
        binary(b"", length=0xFFFF),
    ],
)
def test_a_binary_header_that_lies_is_refused(raw: bytes) -> None:
    with pytest.raises(ProxyError):
        parse(raw + SAID)
    with pytest.raises(ProxyError):
        one_by_one(raw + SAID)


def test_what_the_proxy_says_of_host_name_and_tls_is_kept() -> None:
    secured = b"\x07" + bytes(4) + part(0x21, b"TLSv1.3") + part(0x23, b"TLS_AES_256_GCM_SHA384")
    block = (
        V4
        + part(1, b"smtp")
        + part(2, "mx.bücher.example".encode())
        + part(4, bytes(9))
        + part(5, b"number")
        + part(0x20, secured + part(0x22, b"client.example") + part(0x24, b"RSA-SHA256"))
        + part(0x30, b"blue")
        + part(0xEE, b"\xff")
    )
    header = parse(summed(block) + SAID)
    assert header is not None
    assert (header.ip, header.authority) == ("192.0.2.1", "mx.bücher.example")
    assert (header.tls, header.common_name) == ("TLSv1.3 TLS_AES_256_GCM_SHA384", "client.example")


@pytest.mark.parametrize(
    ("value", "tls", "name"),
    [
        (b"\x01" + bytes(4), "TLS", ""),
        (b"\x00" + bytes(4) + part(0x21, b"TLSv1.2"), "", ""),
        (b"\x01" + bytes(4) + part(0x21, b"TLSv1.2") + part(0x22, b"\xff" * 999), "TLSv1.2", "\ufffd" * 255),
        (b"\x03\0\0\0\x01" + part(0x21, b"TLSv1.2") + part(0x22, b"liar"), "TLSv1.2", ""),
    ],
)
def test_only_a_verified_certificate_has_a_name(value: bytes, tls: str, name: str) -> None:
    header = parse(binary(UNIX + part(0x20, value), family=0x31))
    assert header is not None
    assert (header.local, header.tls, header.common_name) == (True, tls, name)


@pytest.mark.parametrize(
    ("data", "checksum"),
    [
        (b"", 0),
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(reversed(range(32))), 0x113FDB5C),
    ],
)
def test_the_checksum_is_that_of_rfc_3720(data: bytes, checksum: int) -> None:
    assert crc32c(data) == checksum


def test_a_checksum_holds_wherever_it_stands_and_only_once() -> None:
    zeroed = binary(V4 + part(3, bytes(4)) + part(2, b"mx.example"))
    at = 16 + len(V4) + 3
    good = zeroed[:at] + struct.pack("!I", crc32c(zeroed)) + zeroed[at + 4 :]
    assert parse(good) is not None
    twice = binary(V4 + part(3, bytes(4)) * 2)
    with pytest.raises(ProxyError):
        parse(twice[:at] + struct.pack("!I", crc32c(twice)) + twice[at + 4 :])


def test_the_largest_header_is_read_within_milliseconds() -> None:
    raw = summed(V4 + part(4, bytes(LARGEST - 16 - len(V4) - 3 - 7)))
    assert len(raw) == LARGEST
    began = thread_time()
    assert parse(raw) is not None
    assert thread_time() - began < 0.5
