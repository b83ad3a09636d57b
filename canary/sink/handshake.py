"""A TLS handshake that fails becomes an alert that says why, as mail hosts send it (RFC 8446 section 6.2).

The event loops drop such a connection at once, with the alert of OpenSSL still in their hands; so a second
descriptor holds it until that has been told.
"""

import asyncio
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast

NONE = -1


@contextmanager
def telling_why(transport: asyncio.BaseTransport) -> Iterator[None]:
    """Tell the client of a connection why the handshake failed that is awaited within the block."""
    descriptor = _second_of(transport)
    try:
        yield
    except ssl.SSLError as error:
        alert = getattr(error, "alert", b"")
        if alert and descriptor != NONE:
            with suppress(OSError):  # it has gone, or does not read
                os.write(descriptor, alert)
        raise
    finally:
        if descriptor != NONE:
            os.close(descriptor)


def _second_of(transport: asyncio.BaseTransport) -> int:
    """Return another descriptor of a connection, NONE where there is none to be had."""
    below = transport.get_extra_info("socket")
    try:
        return os.dup(below.fileno()) if below is not None else NONE
    except OSError:
        return NONE


class _Handshake(ssl.SSLObject):
    """The TLS side of a connection; the error that it fails with has the alert."""

    outgoing: ssl.MemoryBIO

    def do_handshake(self) -> None:
        """Go on with the handshake. Raises SSLError, its `alert` what the client is to be told."""
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            error.alert = self.outgoing.read()  # type: ignore[attr-defined]
            raise


class TellingContext(ssl.SSLContext):
    """A context whose handshakes do not fail in silence."""

    sslobject_class = _Handshake

    def wrap_bio(
        self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *told: Any, **named: Any
    ) -> _Handshake:
        """Return the TLS side of a connection."""
        made = cast("_Handshake", super().wrap_bio(incoming, outgoing, *told, **named))
        made.outgoing = outgoing
        return made
