"""A setting: its key, what it may be, and what it does."""

from dataclasses import dataclass
from typing import Final

from canary.config.kinds import Kind

PREFIX: Final = "CANARY_"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. `default` is a TOML value; `example` stands in for an empty one in `canary.toml`."""

    key: str
    kind: Kind
    default: str | float | bool | tuple[str, ...]
    help: str
    secret: bool = False
    example: str | tuple[str, ...] = ""

    @property
    def variable(self) -> str:
        """Return the name of its environment variable."""
        return PREFIX + self.key.upper().replace(".", "_")

    @property
    def section(self) -> str:
        """Return the TOML table that holds it."""
        return self.key.rpartition(".")[0]

    @property
    def name(self) -> str:
        """Return its name within its table."""
        return self.key.rpartition(".")[2]
