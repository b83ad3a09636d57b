"""What the service is doing becomes a word to systemd, where that has asked for it (sd_notify(3))."""

import contextlib
import os
import socket
import time


def notify(*told: str) -> None:
    """Send states such as `READY=1` to whoever started us; nothing happens where nobody listens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as caller:
        caller.connect(f"\0{address[1:]}" if address.startswith("@") else address)
        caller.send("\n".join(told).encode())


def notify_reloading() -> None:
    """Say that a reload has begun; `READY=1` ends it (systemd.service(5), notify-reload)."""
    notify("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")
