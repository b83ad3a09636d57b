"""A keyed draw becomes a believable person and address."""

from typing import Protocol

from canary.model import Persona
from canary.persona.chance import bits_to_guess, surprisal
from canary.persona.natural import NaturalGenerator

__all__ = ["Generator", "NaturalGenerator", "bits_to_guess", "surprisal"]


class Generator(Protocol):
    """What mints personas; `version` is stored with each decoy."""

    version: str

    def persona(self, seed: bytes, domain: str) -> Persona:
        """Return the person that a seed means at a domain: the same one for the same key, seed and domain."""
        ...
