"""Endpoints, and sockets that systemd hands over, become sockets that listen."""

import errno
import os
import socket
import stat
from collections.abc import MutableMapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from canary.errors import ConfigurationError
from canary.sink.house import Kind
from canary.sink.settings import SinkSettings, endpoint_of

BACKLOG = 1024
UNIX = "unix:"
UNIX_MODE = 0o660
FIRST_INHERITED = 3
"""SD_LISTEN_FDS_START, see sd_listen_fds(3)."""

VARIABLES = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")
HINTS = {
    errno.EACCES: "a port below 1024 needs CAP_NET_BIND_SERVICE or a socket unit of systemd; or take a "
    "higher one and redirect",
    errno.EADDRINUSE: "another program listens there; `ss -ltnp` names it",
    errno.EADDRNOTAVAIL: "this machine has no such address; `ip address` lists those it has",
    errno.ENOENT: "the directory of a Unix socket has to be there",
}


Address = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Opened:
    """A socket that listens, and what is spoken there. `inherited` ones are somebody else's to open."""

    kind: Kind
    socket: socket.socket
    inherited: bool = False

    @property
    def address(self) -> tuple[str, int]:
        """Return host and port, or the path of a Unix socket and 0."""
        name = self.socket.getsockname()
        return (name, 0) if isinstance(name, str) else name[:2]

    @property
    def is_unix(self) -> bool:
        """Say whether it is a Unix socket."""
        return self.socket.family == socket.AF_UNIX

    def __str__(self) -> str:
        """Return where it listens as it is written in the configuration."""
        host, port = self.address
        if self.is_unix:
            return f"{UNIX}{host}"
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def open_sockets(
    settings: SinkSettings, inherited: Sequence[Opened] = (), *, shares: int = 1
) -> list[list[Opened]]:
    """Return what each of `shares` processes listens on. Raises ConfigurationError, all closed again.

    Every process has a socket of its own for an address, among which the kernel spreads connections
    (SO_REUSEPORT). A Unix socket, and any that was inherited, is one for all; an inherited one stands in for
    the configured addresses of its kind.
    """
    given = {each.kind for each in inherited}
    wanted = [
        (kind, listen)
        for kind, addresses in (
            (Kind.SMTP, settings.listen),
            (Kind.LMTP, settings.lmtp),
            (Kind.TLS, settings.tls_listen),
        )
        if kind not in given
        for listen in addresses
    ]
    opened: list[list[Opened]] = [list(inherited) for _ in range(shares)]
    try:
        for kind, listen in wanted:
            for several in _listening(kind, listen, shares):
                for share, one in zip(opened, several, strict=True):
                    share.append(one)
    except BaseException:
        close_sockets([each for share in opened for each in share if not each.inherited])
        raise
    return opened


def close_sockets(opened: Sequence[Opened]) -> None:
    """Listen no more, and remove Unix sockets that were made here."""
    remove_paths(opened)
    for each in opened:
        each.socket.close()


def remove_paths(opened: Sequence[Opened]) -> None:
    """Remove Unix sockets that were made here, so that nobody comes any more."""
    for each in opened:
        if each.is_unix and not each.inherited and each.socket.fileno() >= 0:
            with suppress(OSError):
                os.unlink(each.socket.getsockname())  # noqa: PTH108 - a socket's name is a string


def inherited_sockets(environ: MutableMapping[str, str]) -> list[Opened]:
    """Return the sockets that systemd passed to this process, and forget the variables that say so.

    FileDescriptorName= is what is spoken there: smtp, lmtp or tls; any other name is SMTP. See
    sd_listen_fds(3). Raises ConfigurationError for what is no listening stream socket.
    """
    told = {name: environ.pop(name, "") for name in VARIABLES}
    if told["LISTEN_PID"] != str(os.getpid()) or not told["LISTEN_FDS"].isdigit():
        return []
    names = told["LISTEN_FDNAMES"].split(":")
    return [
        _inherited(FIRST_INHERITED + place, names[place] if place < len(names) else "")
        for place in range(int(told["LISTEN_FDS"]))
    ]


def _inherited(descriptor: int, name: str) -> Opened:
    try:
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - positional only
        found = socket.socket(fileno=descriptor)
        listens = found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError as error:
        raise ConfigurationError(
            f"descriptor {descriptor} ({name or 'no name'}), handed over by systemd, is no socket: "
            f"{error.strerror}"
        ) from None
    if not listens or found.type != socket.SOCK_STREAM:
        raise ConfigurationError(
            f"the socket {name or descriptor} that systemd handed over does not listen for streams",
            hint="use ListenStream= and Accept=no in the socket unit",
        )
    found.setblocking(False)  # noqa: FBT003 - positional only
    kind = Kind(name) if name in {each.value for each in Kind} else Kind.SMTP
    return Opened(kind, found, inherited=True)


def _listening(kind: Kind, listen: str, shares: int) -> list[list[Opened]]:
    """Return for every address that an endpoint means a socket for each process."""
    try:
        if listen.startswith(UNIX):
            one = Opened(kind, _unix(listen.removeprefix(UNIX)))
            return [[one] * shares]
        return _of_host(kind, *endpoint_of(listen), shares)
    except OSError as error:
        raise _unbound(listen, error) from None


def _of_host(kind: Kind, host: str | None, port: int, shares: int) -> list[list[Opened]]:
    made: list[list[Opened]] = []
    try:
        for family, address in _addresses(host, port):
            if shares > 1 and port:
                _bound(family, address, shared=False).close()  # sharing with another program must fail
            made.append([])
            bound = address
            for _ in range(shares):
                one = Opened(kind, _bound(family, bound, shared=shares > 1))
                made[-1].append(one)
                bound = one.socket.getsockname()  # a free port is the same one for all
    except OSError:
        close_sockets([each for several in made for each in several])
        raise
    return made


def _addresses(host: str | None, port: int) -> list[tuple[int, Address]]:
    """Return the addresses that a host name means, None being all; those of IPv6 only where there is any."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    several = dict.fromkeys((int(family), address) for family, _, _, _, address in found)
    return [(family, address) for family, address in several if len(several) == 1 or _spoken(family)]


def _spoken(family: int) -> bool:
    """Say whether this machine speaks a family of addresses at all."""
    try:
        socket.socket(family, socket.SOCK_STREAM).close()
    except OSError:
        return False
    return True


def _bound(family: int, address: Address, *, shared: bool) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(shared))
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(address)
        _listen(made)
    except BaseException:
        made.close()
        raise
    return made


def _unix(path: str) -> socket.socket:
    """Listen at a path that the owner and the group may use; what a dead process left there is replaced."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if _is_stale(path):
            os.unlink(path)  # noqa: PTH108 - a socket's name is a string
        made.bind(path)
        os.chmod(path, UNIX_MODE)  # noqa: PTH101 - the same; nobody can connect before it listens
        _listen(made)
    except BaseException:
        made.close()
        raise
    return made


def _is_stale(path: str) -> bool:
    """Say whether there is a socket at a path that nobody answers at."""
    try:
        if not stat.S_ISSOCK(os.stat(path).st_mode):  # noqa: PTH116 - the same
            return False
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
            caller.settimeout(1)
            caller.connect(path)
    except (ConnectionRefusedError, FileNotFoundError) as error:
        return isinstance(error, ConnectionRefusedError)
    except OSError:
        return False
    return False


def _listen(made: socket.socket) -> None:
    made.listen(BACKLOG)
    made.setblocking(False)  # noqa: FBT003 - positional only


def _unbound(listen: str, error: OSError) -> ConfigurationError:
    if isinstance(error, socket.gaierror):
        return ConfigurationError(
            f"cannot listen on {listen}: no such host", hint="name an address of this machine"
        )
    reason = os.strerror(error.errno) if error.errno else "no usable address"
    return ConfigurationError(f"cannot listen on {listen}: {reason}", hint=HINTS.get(error.errno or 0, ""))
