"""A seed becomes a believable person with an address, drawn as people form their addresses."""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property
from itertools import count
from math import log2
from struct import Struct
from typing import TYPE_CHECKING

from canary.address import canonical_domain
from canary.errors import ConfigurationError
from canary.model import Persona
from canary.persona.code import MODULUS, Code
from canary.persona.display import family_name
from canary.persona.keyed import Form, Model, model

if TYPE_CHECKING:
    from collections.abc import Callable

NUMBERS = Struct("<16I")
# Of 16 numbers the first picks a form; each attempt takes one for the way and one for each of up to 6 slots.
ATTEMPT = 7
ATTEMPTS = (1, 8)
SHORTEST, LONGEST = 4, 30
HIGHEST_FLOOR = 36.0


class NaturalGenerator:
    """Draws people whose addresses are formed as measured, under a key.

    A stratum (which parts, in which order, with which separators and digits) is drawn first,
    then its names, words and digits, each by its natural frequency. One name or word is drawn
    last, from those that make the local part a word of its domain's code: two local parts of
    one domain are never one edit apart (see `Code`), and digits keep their natural shares.

    A local part below the surprisal floor is drawn again, first within its stratum, so that
    strata keep their shares, then from the start.

    `surprisal` is that of the unconditioned natural model: what a guesser without the key faces.
    It counts the one way in which the local part was drawn, so it is an upper bound: summed over
    all ways of drawing the same string it is less by 0.07 bits on average, by more than 0.3 for
    one in twenty, by more than 2.3 for one in a hundred (measured at a floor of 24 bits). It is
    that of the local part as spelled: to somebody whom other separators serve as well it is 1 bit
    less on average, about 2 with a dot, 6 to 8 with an underscore or hyphen.
    """

    version = "natural-1"

    def __init__(self, draw: Callable[[bytes, bytes], bytes], *, floor_bits: float) -> None:
        """Take `draw(purpose, seed)`, which returns 64 pseudo-random bytes. Loads nothing yet.

        Raises ConfigurationError for a floor that the model cannot keep to.
        """
        if not 0 <= floor_bits <= HIGHEST_FLOOR:
            raise ConfigurationError(
                f"a surprisal floor of {floor_bits} bits is not between 0 and {HIGHEST_FLOOR:.0f}",
                hint="use log2(decoys / domains) + 10",
            )
        self._draw = draw
        self._likeliest = 2.0**-floor_bits
        self._residues: dict[str, int] = {}

    @cached_property
    def _code(self) -> Code:
        return Code(self._draw)

    @cached_property
    def _model(self) -> Model:
        return model(self._code)

    def persona(self, seed: bytes, domain: str) -> Persona:
        """Return the person that a seed means at a domain: the same one for the same key, seed and domain.

        The local part is a dot-atom of 4 to 30 lower-case characters (RFC 5322 section 3.2.3).
        """
        domain = canonical_domain(domain)
        residue = self._residues.get(domain)
        if residue is None:
            residue = self._residues[domain] = self._code.residue(domain)
        upto, forms = self._model.upto, self._model.forms
        start = domain.encode("utf-8", "surrogatepass") + b"\0" + seed
        form = None
        for counter in count():
            numbers = NUMBERS.unpack(self._draw(b"persona", start + counter.to_bytes(4, "big")))
            form = form or forms[bisect_right(upto, numbers[0] * upto[-1] >> 32)]
            for at in ATTEMPTS:
                if found := self._attempt(form, numbers[at : at + ATTEMPT], residue):
                    return found
        raise AssertionError  # pragma: no cover - count() never ends

    def _attempt(self, form: Form, numbers: tuple[int, ...], residue: int) -> Persona | None:
        """Return the person that uniform 32-bit numbers mean; None if that address may not be."""
        way = form.ways[bisect_right(form.upto, numbers[0] * form.upto[-1] >> 32)]
        at = 1
        chance = way.share
        names: list[str] = []
        parts: list[str] = []
        for texts, weights, upto, total, residues, cut, starts in way.free:
            place = bisect_right(upto, numbers[at] * total >> 32)
            at += 1
            text = texts[place]
            names.append(text)
            if starts is None:
                chance *= weights[place] / total
                residue -= residues[place]
            else:
                text = text[:cut]
                share, value = starts[text]
                chance *= share
                residue -= value
            parts.append(text)
        texts, weights, upto = way.groups[residue % MODULUS]
        if not texts:
            return None
        place = bisect_right(upto, numbers[at] * upto[-1] >> 32)
        chance *= weights[place] / way.total
        if chance > self._likeliest:
            return None
        names.append(texts[place])
        local = way.layout.format(*parts, texts[place])
        if not SHORTEST <= len(local) <= LONGEST:
            return None
        for texts, _, upto, total, *_ in way.unseen:
            at += 1
            names.append(texts[bisect_right(upto, numbers[at] * total >> 32)])
        given, family = names[way.given].capitalize(), family_name(names[way.family])
        return Persona(given, family, local, -log2(chance), self.version)
