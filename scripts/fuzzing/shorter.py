"""An input that breaks a rule becomes a shorter one that breaks the same rule."""

import time
from collections.abc import Callable


def shorter(data: bytes, breaks: Callable[[bytes], bool], seconds: float = 10.0) -> bytes:
    """Return what is left of an input when everything that can be left out is (delta debugging, ddmin)."""
    deadline = time.monotonic() + seconds
    size = max(1, len(data) // 2)
    while size and time.monotonic() < deadline:
        at, went = 0, False
        while at < len(data) and time.monotonic() < deadline:
            without = data[:at] + data[at + size :]
            if breaks(without):
                data, went = without, True
            else:
                at += size
        if not went or size > 1:
            size //= 2
    return _plainer(data, breaks, deadline)


def _plainer(data: bytes, breaks: Callable[[bytes], bool], deadline: float) -> bytes:
    """Return the same with bytes made ordinary where that changes nothing."""
    for at in range(len(data)):
        if time.monotonic() > deadline:
            break
        for plain in (b"\0", b"a"):
            changed = data[:at] + plain + data[at + 1 :]
            if data[at : at + 1] not in {b"\0", b"a"} and breaks(changed):
                data = changed
                break
    return data
