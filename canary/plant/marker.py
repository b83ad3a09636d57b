"""A decoy in an access becomes an opaque marker, and a marker that again; nothing is stored for it."""

import base64
import binascii
import struct

from canary.errors import NotFoundError
from canary.keyring import Keyring

PREFIX = "mark_"
ROWS = struct.Struct(">QQ")
NOBODY = bytes(ROWS.size + 16)


def marker_of(keyring: Keyring, decoy_id: str, access_id: str) -> str:
    """Return what an application knows a decoy in an access by: 48 characters, always the same."""
    rows = ROWS.pack(_number(decoy_id), _number(access_id))
    return PREFIX + base64.urlsafe_b64encode(keyring.mark(rows)).rstrip(b"=").decode()


def marked(keyring: Keyring, marker: str) -> tuple[str, str]:
    """Return the identifiers of the decoy and the access. Raises NotFoundError, after the same work."""
    rows = keyring.unmark(_bytes_of(marker))
    if rows is None or len(rows) != ROWS.size:
        raise NotFoundError("there is no such marker")
    decoy, access = ROWS.unpack(rows)
    return f"dec_{decoy}", f"acc_{access}"


def _bytes_of(marker: str) -> bytes:
    text = marker.removeprefix(PREFIX)
    try:
        found = base64.b64decode(f"{text}=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return NOBODY
    return found if marker.startswith(PREFIX) and len(found) == len(NOBODY) else NOBODY


def _number(identifier: str) -> int:
    return int(identifier.partition("_")[2])
