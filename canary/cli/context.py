"""The options of the whole program become a configuration and open doors, when a verb asks for them."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import typer

from canary import wiring
from canary.config import Config, load
from canary.errors import UsageError
from canary.keyring import Keyring
from canary.plant import Planter
from canary.ports import Store


@dataclass(frozen=True, slots=True)
class Context:
    """What every verb may ask for. `overrides` are key -> (the flag that set it, its value)."""

    path: Path | None = None
    overrides: Mapping[str, tuple[str, str]] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(cls, path: Path | None, settings: Sequence[str]) -> "Context":
        """Return the context of `--config` and `--set`. Raises UsageError."""
        overrides = {}
        for setting in settings:
            key, equals, value = setting.partition("=")
            if not equals:
                raise UsageError("--set needs KEY=VALUE", hint="e.g. --set mint.window=12h")
            overrides[key.strip()] = ("--set", value)
        return cls(path, MappingProxyType(overrides))

    def config(self, **flags: tuple[str, str]) -> Config:
        """Return the configuration; `flags` are a verb's own, `sink_listen=("--listen", "…")`."""
        own = {key.replace("__", "."): value for key, value in flags.items()}
        return load(self.path, environ=os.environ, overrides={**self.overrides, **own}, cwd=Path.cwd())

    @contextmanager
    def store(self, config: Config | None = None) -> Iterator[Store]:
        """Open the database for a verb."""
        config = config or self.config()
        with wiring.opened_store(config, wiring.load_keys(config)) as store:
            yield store

    @contextmanager
    def planter(self) -> Iterator[tuple[Planter, Keyring, Config]]:
        """Open the record side for a verb."""
        config = self.config()
        keyring = wiring.load_keys(config)
        minter = wiring.minter_of(config, keyring)
        with wiring.opened_store(config, keyring) as store:
            yield Planter(store, minter), keyring, config


def context_of(context: typer.Context) -> Context:
    """Return what the program's options made."""
    found = context.find_object(Context)
    return found or Context()
