"""Layers: defaults, a TOML file, the environment and flags become one configuration, the later winning."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from canary.config import toml
from canary.config.kinds import SQLITE
from canary.config.plans import PLAN, read_plans
from canary.config.sections import (
    AlertSection,
    ApiSection,
    Config,
    IncidentSection,
    KeyringSection,
    LimitsSection,
    LogSection,
    MetricsSection,
    MintSection,
    OnSection,
    OriginSection,
    SinkSection,
    SlackSection,
    StoreSection,
    TlsSection,
)
from canary.config.setting import PREFIX, Setting
from canary.config.settings import BY_KEY, BY_VARIABLE, FILE_VARIABLE, SETTINGS, nearest
from canary.config.toml import TomlFile
from canary.errors import ConfigurationError

FILE_NAME: Final = "canary.toml"
SYSTEM_FILE: Final = Path("/etc/canary/canary.toml")
EXCLUSIVE: Final = (
    ("alert.slack.url", "alert.slack.url_file"),
    ("alert.slack.url_file", "alert.slack.url"),
    ("alert.slack.token_file", "alert.slack.url"),
    ("alert.slack.url", "alert.slack.token_file"),
    ("alert.slack.token_file", "alert.slack.url_file"),
    ("alert.slack.url_file", "alert.slack.token_file"),
)
NO_OVERRIDES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType({})
PASSWORD: Final = re.compile(r"//.*@")
BARE: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")


@dataclass(frozen=True, slots=True)
class Given:
    """A TOML value that somebody gave for a setting, and where."""

    value: object
    origin: str


def load(
    path: Path | None = None,
    *,
    environ: Mapping[str, str],
    overrides: Mapping[str, tuple[str, str]] = NO_OVERRIDES,
    cwd: Path,
) -> Config:
    """Return the configuration: defaults < TOML file < CANARY_* environment < flags.

    `path` is what `--config` named; without it the file is `CANARY_CONFIG`, `canary.toml` in `cwd`,
    or the system's. `overrides` maps keys to a flag's name and text. Relative paths in values start
    from the file's directory, or from `cwd` where there is no file. Raises ConfigurationError.
    """
    found = find(path, environ, cwd)
    file = toml.read(found, _name(found, cwd)) if found else None
    layers = [_file_layer(file), _environment_layer(environ), _flag_layer(overrides)]
    given = _merged([layer for layer in layers if layer])
    values = {setting.key: _value(setting, given.get(setting.key), file) for setting in SETTINGS}
    origins = {key: item.origin for key, item in given.items()}
    base = found.parent if found else cwd
    shown = {s.key: given[s.key].value if s.key in given else s.default for s in SETTINGS}
    if not values["sink.hostname"] and values["mint.domains"]:
        shown["sink.hostname"] = values["sink.hostname"] = f"mail.{values['mint.domains'][0].name}"
    config = _config(values, base, found, MappingProxyType(shown), file, MappingProxyType(origins))
    _check_together(config)
    return config


def find(path: Path | None, environ: Mapping[str, str], cwd: Path) -> Path | None:
    """Return the absolute path of the configuration file, None where there is none.

    A file that was named need not exist; reading it will tell.
    """
    named = path or (Path(environ[FILE_VARIABLE]) if environ.get(FILE_VARIABLE) else None)
    if named:
        return cwd / named
    return next((file for file in (cwd / FILE_NAME, SYSTEM_FILE) if file.is_file()), None)


def _name(path: Path, cwd: Path) -> str:
    return str(path.relative_to(cwd) if path.is_relative_to(cwd) else path)


def _file_layer(file: TomlFile | None) -> dict[str, Given]:
    layer = {}
    for parts, value in _flat(file.tables, ()) if file else ():
        if parts[0] == PLAN:
            continue
        key = ".".join(part if BARE.fullmatch(part) else repr(part[:80]) for part in parts)
        if key in BY_KEY:
            layer[key] = Given(value, file.name if file else "")
        elif file:
            raise _unknown_key(file.where(parts), key)
    return layer


def _flat(tables: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], object]]:
    """Give every value with its parts; an empty table is one only where it is no section of ours."""
    for name, value in tables.items():
        parts = (*above, name)
        key = ".".join(parts)
        if isinstance(value, dict) and key not in BY_KEY and (value or _is_section(key)):
            yield from _flat(value, parts)
        else:
            yield parts, value


def _is_section(key: str) -> bool:
    return any(known.startswith(f"{key}.") for known in BY_KEY)


def _unknown_key(where: str, key: str) -> ConfigurationError:
    if _is_section(key):
        return ConfigurationError(f"{where}: {key} is a section, not a value: write [{key}]")
    return ConfigurationError(
        f"{where}: unknown key {key}; the nearest is {nearest(key, list(BY_KEY))}",
        hint="`canary config show` lists every key",
    )


def _environment_layer(environ: Mapping[str, str]) -> dict[str, Given]:
    layer = {}
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name == FILE_VARIABLE:
            continue
        if name not in BY_VARIABLE:
            raise ConfigurationError(
                f"{name[:80]}: unknown variable; the nearest is {nearest(name, list(BY_VARIABLE))}",
                hint="every setting has one: sink.listen is CANARY_SINK_LISTEN",
            )
        setting = BY_VARIABLE[name]
        layer[setting.key] = Given(native(setting, environ[name], name), name)
    return layer


def _flag_layer(overrides: Mapping[str, tuple[str, str]]) -> dict[str, Given]:
    layer = {}
    for key, (flag, text) in overrides.items():
        if key not in BY_KEY:
            raise _unknown_key(flag, key)
        layer[key] = Given(native(BY_KEY[key], text, flag), flag)
    return layer


def native(setting: Setting, text: str, origin: str) -> object:
    """Return the TOML value that a variable's or flag's text stands for. Raises ConfigurationError."""
    try:
        return setting.kind.native(text)
    except ValueError:
        raise refusal(setting, text, origin) from None


def _merged(layers: list[dict[str, Given]]) -> dict[str, Given]:
    merged: dict[str, Given] = {}
    for layer in layers:
        for ours, other in EXCLUSIVE:
            if ours in layer:
                merged.pop(other, None)
        merged |= layer
    return merged


def _value(setting: Setting, given: Given | None, file: TomlFile | None) -> Any:
    value = given.value if given else setting.default
    try:
        return setting.kind.parse(list(value) if isinstance(value, tuple) else value)
    except ValueError as error:
        origin = given.origin if given else "default"
        where = file.where(setting.key) if file and origin == file.name else origin
        raise refusal(setting, value, where, error) from None


def refusal(
    setting: Setting, value: object, origin: str, error: ValueError | None = None
) -> ConfigurationError:
    """Return the error that says which value, from where, is not what is allowed.

    Secrets, and passwords within addresses, stay unsaid.
    """
    shown = "" if setting.secret else f" = {PASSWORD.sub('//…@', repr(value)):.80}"
    detail = f": {error}" if error and str(error) and not setting.secret else ""
    return ConfigurationError(f"{origin}: {setting.key}{shown} is not {setting.kind.allowed}{detail}")


def _config(
    values: Mapping[str, Any],
    base: Path,
    path: Path | None,
    given: Mapping[str, object],
    file: TomlFile | None,
    origins: Mapping[str, str],
) -> Config:
    def section(name: str) -> dict[str, Any]:
        """Return the values right under a section, paths made absolute."""
        return {
            s.name: base / values[s.key] if isinstance(values[s.key], Path) else values[s.key]
            for s in SETTINGS
            if s.section == name
        }

    url = values["store.url"]
    return Config(
        store=StoreSection(url=url, path=base / url.removeprefix(SQLITE)),
        keyring=KeyringSection(path=base / values["keyring.file"]),
        mint=MintSection(**section("mint")),
        sink=SinkSection(
            **section("sink"),
            tls=TlsSection(**section("sink.tls")),
            limits=LimitsSection(**section("sink.limits")),
        ),
        alert=AlertSection(
            **section("alert"),
            on=OnSection(**section("alert.on")),
            slack=SlackSection(**section("alert.slack")),
        ),
        origins=OriginSection(**section("origin")),
        incident=IncidentSection(**section("incident")),
        api=ApiSection(**section("api")),
        metrics=MetricsSection(**section("metrics")),
        log=LogSection(**section("log")),
        plans=read_plans(file),
        path=path,
        given=given,
        _file=file,
        _origins=origins,
    )


def _check_slack(config: Config) -> None:
    slack = config.alert.slack
    given = [name for name in ("url", "url_file", "token_file") if getattr(slack, name)]
    if len(given) > 1:
        where, both = config.origin(f"alert.slack.{given[0]}"), f"alert.slack.{given[1]}"
        raise ConfigurationError(f"{where}: alert.slack.{given[0]} and {both} are both set: give one")
    if slack.token_file and not slack.channel:
        where = config.origin("alert.slack.token_file")
        raise ConfigurationError(
            f"{where}: alert.slack.token_file is set without alert.slack.channel", hint="say where to write"
        )


def _check_together(config: Config) -> None:
    tls, mint = config.sink.tls, config.mint
    if (config.api.tls_cert is None) != (config.api.tls_key is None):
        given, missing = ("tls_cert", "tls_key") if config.api.tls_cert else ("tls_key", "tls_cert")
        where = config.origin(f"api.{given}")
        raise ConfigurationError(f"{where}: api.{given} is set without api.{missing}: give both or none")
    if (tls.cert is None) != (tls.key is None):
        given, missing = ("cert", "key") if tls.cert else ("key", "cert")
        where = config.origin(f"sink.tls.{given}")
        raise ConfigurationError(
            f"{where}: sink.tls.{given} is set without sink.tls.{missing}: give both or none"
        )
    if tls.listen and tls.cert is None and tls.folder is None:
        where = config.origin("sink.tls.listen")
        raise ConfigurationError(f"{where}: sink.tls.listen needs a certificate: set sink.tls.cert and key")
    if config.sink.memory < config.sink.spill_above:
        where = config.origin(
            "sink.spill_above" if config.origin("sink.memory") == "default" else "sink.memory"
        )
        raise ConfigurationError(f"{where}: sink.memory is less than sink.spill_above, one message's share")
    _check_slack(config)
    if mint.per_view > mint.cap:
        where = config.origin("mint.per_view" if config.origin("mint.per_view") != "default" else "mint.cap")
        raise ConfigurationError(
            f"{where}: mint.per_view = {mint.per_view} is more than mint.cap = {mint.cap}",
            hint="raise mint.cap, which counts all decoys of one employee and record",
        )
