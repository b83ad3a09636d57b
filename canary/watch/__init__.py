"""The mail side, assembled: what the sink hears is attributed, kept and told."""

from canary.watch.assembly import watching
from canary.watch.keeping import keep_message, keep_probe

__all__ = ["keep_message", "keep_probe", "watching"]
