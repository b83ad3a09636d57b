"""The SMTP listener: bytes from strangers become messages and probes."""

from canary.sink.door import Door
from canary.sink.listener import Listener
from canary.sink.settings import SinkSettings

__all__ = ["Door", "Listener", "SinkSettings"]
