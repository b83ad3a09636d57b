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
from canary.persona.chance import chance
from canary.persona.code import MODULUS, Code
from canary.persona.display import family_name
from canary.persona.keyed import Form, Model, Way, model

if TYPE_CHECKING:
    from collections.abc import Callable

NUMBERS = Struct("<16I")
# Of 16 numbers the first picks a form; each attempt takes one for the way and one for each of up to 6 slots.
ATTEMPT = 7
ATTEMPTS = (1, 8)
SHORTEST, LONGEST = 4, 30
HIGHEST_FLOOR = 36.0
# Texts drawn until one has the parity, each by the next number of a linear congruential generator
# (the multiplier of Knuth and Lewis for a modulus of 2^32).
PARITIES = 8
SPREAD, WHOLE = 1664525, 1 << 32


class NaturalGenerator:
    """Draws people whose addresses are formed as measured, under a key.

    A stratum (which parts, in which order, with which separators and digits) is drawn first,
    then its names, words and digits, each by its natural frequency. One name or word is drawn
    last, from those that make the local part a word of its domain's code: two local parts of
    one domain are never one edit or swap apart (see `Code`), and digits keep their natural shares.

    A local part below the surprisal floor is drawn again, first within its stratum, so that
    strata keep their shares, then from the start.

    `surprisal` is that of the canonical form under the unconditioned natural model, over all ways
    of drawing and spelling it (see `surprisal`): what a guesser without the key faces, for mail
    to any spelling meets the decoy. `natural-1` counted the one spelling in the one way in which
    it was drawn, and had no parity in its code.
    """

    version = "natural-2"

    def __init__(self, draw: Callable[[bytes, bytes], bytes], *, floor_bits: float) -> None:
        """Take `draw(purpose, seed)`, which returns 64 pseudo-random bytes. Loads nothing yet.

        Raises ConfigurationError for a floor that the model cannot keep to.
        """
        if not 0 <= floor_bits <= HIGHEST_FLOOR:
            raise ConfigurationError(
                f"a surprisal floor of {floor_bits} bits is not between 0 and {HIGHEST_FLOOR:.0f}",
                hint="use log2(decoys in the fullest domain) + 10",
            )
        self._draw = draw
        self._likeliest = 2.0**-floor_bits
        self._words: dict[str, tuple[int, int]] = {}

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
        word = self._words.get(domain)
        if word is None:
            word = self._words[domain] = self._code.of(domain)
        upto, forms = self._model.upto, self._model.forms
        start = domain.encode("utf-8", "surrogatepass") + b"\0" + seed
        form = None
        for counter in count():
            numbers = NUMBERS.unpack(self._draw(b"persona", start + counter.to_bytes(4, "big")))
            form = form or forms[bisect_right(upto, numbers[0] * upto[-1] >> 32)]
            for at in ATTEMPTS:
                if found := self._attempt(form, numbers[at : at + ATTEMPT], *word):
                    return found
        raise AssertionError  # pragma: no cover - count() never ends

    def _attempt(self, form: Form, numbers: tuple[int, ...], residue: int, parity: int) -> Persona | None:
        """Return the person that uniform 32-bit numbers mean; None if that address may not be."""
        way = form.ways[bisect_right(form.upto, numbers[0] * form.upto[-1] >> 32)]
        at = 1
        least = way.share
        names: list[str] = []
        parts: list[str] = []
        for texts, weights, upto, total, residues, cut, starts in way.free:
            place = bisect_right(upto, numbers[at] * total >> 32)
            at += 1
            text = texts[place]
            names.append(text)
            if starts is None:
                least *= weights[place] / total
                residue -= residues[place]
            else:
                text = text[:cut]
                share, value = starts[text]
                least *= share
                residue -= value
            parts.append(text)
        held = self._held(way, least, parts, numbers[at], residue % MODULUS, parity)
        if held is None:
            return None
        text, found = held
        names.append(text)
        local = way.layout.format(*parts, text)
        if not SHORTEST <= len(local) <= LONGEST:
            return None
        for texts, _, upto, total, *_ in way.unseen:
            at += 1
            names.append(texts[bisect_right(upto, numbers[at] * total >> 32)])
        given, family = names[way.given].capitalize(), family_name(names[way.family])
        return Persona(given, family, local, -log2(found), self.version)

    def _held(
        self, way: Way, least: float, parts: list[str], number: int, residue: int, parity: int
    ) -> tuple[str, float] | None:
        """Return the text that makes parts a word of the code, and the chance of the word.

        None if it is too likely. `least` is the chance of the parts in the way that is drawn: a
        bound that spares most of the sums. Half of the texts have the other parity and are drawn again.
        """
        texts, weights, upto = way.groups[residue]
        for _ in range(PARITIES if texts else 0):
            place = bisect_right(upto, number * upto[-1] >> 32)
            if least * weights[place] / way.total > self._likeliest:
                return None
            word = way.plain.format(*parts, texts[place])
            if self._code.parity(word) == parity:
                found = chance(word)
                return None if found > self._likeliest else (texts[place], found)
            number = (number * SPREAD + 1) % WHOLE
        return None
