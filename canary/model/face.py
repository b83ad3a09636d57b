"""How a decoy looks among the records of an export, so that it looks the same the next time."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Written = tuple[str, bool]
"""A field's text, and whether it stands as a JSON literal."""


@dataclass(frozen=True, slots=True)
class Face:
    """What was written for a decoy, field by field, and whom it stood beside.

    `fields` has, for each column (a dotted path in nested JSON), what stands there, newest first: tools that
    write a column differently have a value each. `behind` and `ahead` are keyed hashes of what identifies
    the records next to it, b"" at an end.
    """

    fields: Mapping[str, tuple[Written, ...]] = field(default_factory=dict)
    behind: bytes = b""
    ahead: bytes = b""
