"""Values become JSON: a stable contract, documented in docs/json.md and tested."""

from datetime import UTC, datetime
from typing import Any

from canary.investigate.received import received_line
from canary.mail import headers_of
from canary.model import (
    Access,
    Alert,
    Attempts,
    Decoy,
    Hit,
    HitClass,
    KeptMessage,
    Peer,
    Planting,
    Probe,
    Touch,
    Trace,
)
from canary.ports import Status


def stamp(at: datetime | None) -> str | None:
    """Return a time as RFC 3339 in UTC with `Z`, to the microsecond where there are any."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def access_json(access: Access) -> dict[str, Any]:
    """Return an access."""
    return {
        "id": access.id,
        "employee": access.employee,
        "record": access.record,
        "beneficiary": access.beneficiary,
        "tool": access.tool,
        "session": access.session,
        "client_ip": access.client_ip,
        "actor": access.actor,
        "at": stamp(access.at),
        "actor_class": access.actor_class.value,
        "bare": access.bare,
    }


def decoy_json(decoy: Decoy) -> dict[str, Any]:
    """Return a decoy."""
    return {
        "id": decoy.id,
        "address": decoy.address,
        "name": decoy.name,
        "minted_at": stamp(decoy.minted_at),
        "control": decoy.control,
        "selftest": decoy.selftest,
        "surprisal": round(decoy.surprisal, 2),
        "generator": decoy.generator,
        "layer": None if decoy.control else decoy.layer.value,
    }


def planting_json(planting: Planting) -> dict[str, Any]:
    """Return an access and the decoys that it showed."""
    return {
        "access": access_json(planting.access),
        "decoys": [decoy_json(decoy) for decoy in planting.decoys],
        "fresh": planting.fresh,
        "duplicate": planting.duplicate,
    }


def message_json(message: KeptMessage) -> dict[str, Any]:
    """Return a message; `from` and `subject` are the sender's claims, decoded."""
    headers = headers_of(message.head)
    return {
        "id": message.id,
        "sha256": message.sha256,
        "mail_from": message.mail_from,
        "recipients": list(message.recipients),
        "from": headers.sender,
        "subject": headers.subject,
        **peer_json(message.peer),
        "size": message.size,
        "received_at": stamp(message.received_at),
        "envelope_ours": message.ours,
        "trace": trace_json(message.peer, message.trace, message.received_at),
    }


def peer_json(peer: Peer) -> dict[str, Any]:
    """Return who was at the other end; `peer_name`, `helo` and `server_name` are claims."""
    return {
        "peer": str(peer),
        "peer_name": peer.name,
        "helo": peer.helo,
        "tls": peer.tls,
        "server_name": peer.server_name,
        "certificate": peer.certificate,
        "via": peer.via,
    }


def trace_json(peer: Peer, trace: Trace, at: datetime) -> dict[str, Any]:
    """Return how it came in; `lines` are the session's, with seconds since it began."""
    return {
        "received": received_line(peer, trace, at),
        "host": trace.host,
        "protocol": trace.protocol,
        "queue_id": trace.queue_id,
        "lines": list(trace.lines),
    }


def attempts_json(attempts: Attempts) -> dict[str, Any]:
    """Return what a client network tried in vain on a day."""
    return {
        "day": attempts.day.date().isoformat(),
        "network": attempts.network,
        "count": attempts.count,
        "sample": list(attempts.sample),
    }


def probe_json(probe: Probe) -> dict[str, Any]:
    """Return a probe."""
    return {
        "verb": probe.verb.value,
        "recipient": probe.recipient,
        "mail_from": probe.mail_from,
        **peer_json(probe.peer),
        "others": probe.others,
        "tried": list(probe.tried),
        "trace": trace_json(probe.peer, probe.trace, probe.at),
    }


def touch_json(touch: Touch) -> dict[str, Any]:
    """Return a touch; `action` is the tool's own word."""
    return {
        "action": touch.action,
        "employee": touch.employee,
        "access": touch.access,
        "at": stamp(touch.at),
    }


def hit_json(hit: Hit) -> dict[str, Any]:
    """Return a hit with its decoy, the exposing accesses, and the message, probe or touch."""
    return {
        "id": hit.id,
        "at": stamp(hit.at),
        "class": hit.verdict.hit_class.value,
        "confidence": hit.verdict.confidence,
        "reasons": list(hit.verdict.reasons),
        "decoy": decoy_json(hit.decoy),
        "accesses": [access_json(access) for access in hit.accesses],
        "message": message_json(hit.message) if hit.message else None,
        "probe": probe_json(hit.probe) if hit.probe else None,
        "touch": touch_json(hit.touch) if hit.touch else None,
        "deliveries": hit.deliveries,
        "incident": hit.incident or None,
    }


def alert_json(alert: Alert) -> dict[str, Any]:
    """Return an alert."""
    return {
        "id": alert.id,
        "channel": alert.channel,
        "state": alert.state.value,
        "attempts": alert.attempts,
        "created_at": stamp(alert.created_at),
        "due_at": stamp(alert.due_at),
        "hits": [hit.id for hit in alert.hits],
        "incidents": [each.id for each in alert.case.incidents] if alert.case else [],
        "update": alert.case.updates if alert.case else 0,
        "error": alert.error,
    }


def status_json(status: Status) -> dict[str, Any]:
    """Return counts and times."""
    return {
        "accesses": status.accesses,
        "decoys": status.decoys,
        "controls": status.controls,
        "hits": status.hits,
        "control_hits": status.control_hits,
        "unknown_recipients": status.strays,
        "messages": status.messages,
        "alerts": {state.value: count for state, count in status.alerts.items()},
        "oldest_owed_alert": stamp(status.oldest_owed),
        "last_mail": stamp(status.last_mail),
        "last_selftest": stamp(status.last_selftest),
        "withheld_hits": {each.value: status.withheld.get(each, 0) for each in HitClass},
        "database_bytes": status.size_bytes,
        "schema": status.schema,
    }
