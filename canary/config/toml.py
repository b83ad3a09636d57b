"""A TOML file becomes tables, and every key in it can be told by its line."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from canary.errors import ConfigurationError

MAX_BYTES = 1024 * 1024
PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


@dataclass(frozen=True, slots=True)
class TomlFile:
    """A configuration file that was read; `name` is how messages call it."""

    path: Path
    name: str
    text: str = field(repr=False)
    tables: Mapping[str, Any] = field(repr=False)

    def where(self, key: str | Sequence[str]) -> str:
        """Return `FILE:LINE` of a key, `FILE` where the line cannot be told."""
        parts = key.split(".") if isinstance(key, str) else key
        lines = self.text.split("\n")
        for place, line in enumerate(lines):
            if parts[-1] in line and _holds(_whole_until(lines, place + 1), parts):
                return f"{self.name}:{place + 1}"
        return self.name


def read(path: Path, name: str) -> TomlFile:
    """Read a TOML file (UTF-8). Raises ConfigurationError with line and column."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ConfigurationError(
            f"no configuration at {name}", hint="run `canary init`, or name another file with --config"
        ) from None
    except OSError as error:
        raise ConfigurationError(f"cannot read the configuration {name}: {error.strerror}") from None
    if len(raw) > MAX_BYTES:
        raise ConfigurationError(f"{name} is larger than 1 MiB and no configuration")
    text = _decoded(raw, name)
    try:
        return TomlFile(path, name, text, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise _malformed(str(error), text, name) from None
    except RecursionError:
        raise ConfigurationError(f"{name} is nested too deeply") from None


def _decoded(raw: bytes, name: str) -> str:
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line, column = _end(raw[: error.start].decode("utf-8", "replace"))
        raise ConfigurationError(f"{name}:{line}:{column}: this is not UTF-8 text") from None


def _malformed(problem: str, text: str, name: str) -> ConfigurationError:
    found = PLACE.search(problem)
    line, column = (int(found[1]), int(found[2])) if found and found[1] else _end(text)
    return ConfigurationError(
        f"{name}:{line}:{column}: malformed TOML: {PLACE.sub('', problem)}",
        hint='text stands in quotes, lists in brackets: listen = ["127.0.0.1:2525"]',
    )


def _end(text: str) -> tuple[int, int]:
    return text.count("\n") + 1, len(text) - text.rfind("\n")


def _whole_until(lines: Sequence[str], end: int) -> Mapping[str, Any]:
    """Return the tables of the first `end` lines, or of a few more where a value goes on."""
    for last in range(end, min(end + 100, len(lines)) + 1):
        try:
            return tomllib.loads("\n".join(lines[:last]))
        except tomllib.TOMLDecodeError:
            continue
    return {}


def _holds(tables: object, parts: Sequence[str]) -> bool:
    for part in parts:
        if not isinstance(tables, Mapping) or part not in tables:
            return False
        tables = tables[part]
    return True
