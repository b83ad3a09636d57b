"""Endpoints become sockets, and what stands in their way is said."""

import errno
import re
import resource
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from canary.errors import ConfigurationError
from canary.sink import SinkSettings
from canary.sink.house import Kind
from canary.sink.sockets import _unbound, close_sockets, inherited_sockets, open_sockets
from tests.parts import given_ipv6
from tests.watch.conftest import PATIENCE, Home, wait_for


def settings(*listen: str, **told: object) -> SinkSettings:
    return SinkSettings(listen, "mx.one.example", frozenset(), **told)  # type: ignore[arg-type]


def test_every_process_has_a_socket_of_its_own_at_the_same_address() -> None:
    given_ipv6()
    shares = open_sockets(settings("127.0.0.1:0", "[::1]:0"), shares=3)
    assert len({share[0].address for share in shares}) == 1
    assert len({share[0].socket.fileno() for share in shares}) == 3
    assert re.fullmatch(r"\[::1\]:\d+", str(shares[0][1]))
    close_sockets([each for share in shares for each in share])


def test_all_addresses_are_those_of_both_families() -> None:
    given_ipv6()
    ((*opened,),) = open_sockets(settings(":0"))
    assert {each.socket.family for each in opened} == {socket.AF_INET, socket.AF_INET6}
    close_sockets(opened)


@pytest.mark.parametrize("shares", [1, 2])
def test_an_address_is_not_shared_with_another_program(shares: int) -> None:
    for theirs in (1, 2):
        ((first, *_), *others) = open_sockets(settings("127.0.0.1:0"), shares=theirs)
        with pytest.raises(ConfigurationError, match="Address already in use"):
            open_sockets(settings(str(first)), shares=shares)
        close_sockets([first, *(each for share in others for each in share)])


def test_what_was_opened_is_closed_again_where_another_cannot_be() -> None:
    before = _descriptors("self")
    with pytest.raises(ConfigurationError, match="no such host"):
        open_sockets(settings("127.0.0.1:0", "no-such-host.invalid:25"), shares=2)
    assert _descriptors("self") == before


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.EACCES, "CAP_NET_BIND_SERVICE"),
        (errno.EADDRINUSE, "ss -ltnp"),
        (errno.EADDRNOTAVAIL, "ip address"),
        (errno.EIO, ""),
    ],
)
def test_what_stands_in_the_way_is_said_with_what_to_do(number: int, hint: str) -> None:
    assert hint in _unbound("0.0.0.0:25", OSError(number, "no")).hint


def test_a_unix_socket_is_for_owner_and_group_and_is_one_for_all(tmp_path: Path) -> None:
    path = tmp_path / "lmtp"
    shares = open_sockets(settings("127.0.0.1:0", lmtp=(f"unix:{path}",)), shares=2)
    (_, one), (_, other) = shares
    assert one is other
    assert (one.kind, str(one)) == (Kind.LMTP, f"unix:{path}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    close_sockets([each for share in shares for each in share])
    assert not path.exists()


def test_a_unix_socket_that_a_dead_process_left_is_replaced_and_one_that_answers_is_not(
    tmp_path: Path,
) -> None:
    path = tmp_path / "lmtp"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    ((one,),) = open_sockets(settings(lmtp=(f"unix:{path}",)))
    with pytest.raises(ConfigurationError, match="Address already in use"):
        open_sockets(settings(lmtp=(f"unix:{path}",)))
    one.socket.close()
    path.unlink()
    path.write_text("precious")
    with pytest.raises(ConfigurationError, match="Address already in use"):
        open_sockets(settings(lmtp=(f"unix:{path}",)))
    assert path.read_text() == "precious"


def test_variables_of_another_process_are_forgotten_and_mean_nothing() -> None:
    environ = {"LISTEN_PID": "1", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "smtp", "PATH": "/bin"}
    assert inherited_sockets(environ) == []
    assert environ == {"PATH": "/bin"}


ASK = """
import os, socket, sys
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)] + [socket.socketpair()[0]]
for place, each in enumerate(held[: int(sys.argv[1])] + held[int(sys.argv[2]):]):
    os.dup2(os.dup(each.fileno()), 60 + place)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": sys.argv[3], "LISTEN_FDNAMES": sys.argv[4]}
import canary.sink.sockets as sockets
sockets.FIRST_INHERITED = 60
try:
    print(*(each.kind.value for each in sockets.inherited_sockets(os.environ)), "LISTEN_PID" in os.environ)
except sockets.ConfigurationError as error:
    print(error.message)
"""


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (("3", "4", "3", "lmtp:tls:port25"), "lmtp tls smtp False"),
        (("3", "4", "2", ""), "smtp smtp False"),
        (("0", "3", "1", "odd"), "the socket odd that systemd handed over does not listen for streams"),
        (
            ("0", "4", "1", "none"),
            "descriptor 60 (none), handed over by systemd, is no socket: Bad file descriptor",
        ),
    ],
)
def test_what_systemd_hands_over_is_known_by_its_name(told: tuple[str, ...], said: str) -> None:
    done = subprocess.run([sys.executable, "-c", ASK, *told], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == said


def test_a_worker_without_descriptors_neither_spins_nor_dies(home: Home) -> None:
    with home.serving() as served:
        (worker,) = served.workers
        held = _descriptors(worker)
        _, hard = resource.prlimit(worker, resource.RLIMIT_NOFILE)
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (held + 4, hard))
        callers = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(20)]
        before = _spent(worker)
        wait_for(lambda: _descriptors(worker) >= held + 3, "all are taken")
        callers[0].settimeout(PATIENCE)
        assert callers[0].recv(100)
        callers[0].settimeout(1.5)
        with pytest.raises(TimeoutError):
            callers[0].recv(100)
        assert _spent(worker) - before < 50
        for caller in callers:
            caller.close()
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (hard, hard))
        served.send(home.addresses[0])
        assert served.stop() == 0


def _spent(process: int) -> int:
    """Return the processor time of a process, in ticks of 10 ms."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _descriptors(process: int | str) -> int:
    return sum(1 for _ in Path(f"/proc/{process}/fd").iterdir())
