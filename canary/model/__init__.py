"""The nouns that travel between the rooms; all frozen."""

from canary.model.finding import (
    Alert,
    AlertState,
    BaseRate,
    Hit,
    HitClass,
    KeptMessage,
    Notice,
    Verdict,
)
from canary.model.record import (
    EPOCH,
    MICROSECOND,
    Access,
    ActorClass,
    Decoy,
    Layer,
    Persona,
    Placement,
    Planting,
)
from canary.model.wire import Attempts, Body, Message, Peer, Probe, Touch, Trace, Verb

__all__ = [
    "EPOCH",
    "MICROSECOND",
    "Access",
    "ActorClass",
    "Alert",
    "AlertState",
    "Attempts",
    "BaseRate",
    "Body",
    "Decoy",
    "Hit",
    "HitClass",
    "KeptMessage",
    "Layer",
    "Message",
    "Notice",
    "Peer",
    "Persona",
    "Placement",
    "Planting",
    "Probe",
    "Touch",
    "Trace",
    "Verb",
    "Verdict",
]
