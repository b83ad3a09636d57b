"""Settings become text: the commented `canary.toml`, the rows of `config show`, the manual's table."""

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from canary.config.layers import NO_OVERRIDES, native, refusal
from canary.config.plan_settings import PLAN_SETTINGS
from canary.config.plans import plan_rows
from canary.config.sections import Config
from canary.config.setting import Setting
from canary.config.settings import BY_KEY, SECTIONS, SETTINGS

HEAD = """\
# canary.toml: the configuration of canary, read as TOML.
#
# Every setting is here. One that is commented out has the value shown, or none where it says "example".
# The environment goes before this file (sink.listen is CANARY_SINK_LISTEN), a flag before both.
# Relative paths start from this file's directory. `canary config show` prints what holds, and why.
"""


def template(domains: Sequence[str], values: Mapping[str, tuple[str, str]] = NO_OVERRIDES) -> str:
    """Return a commented `canary.toml` that names every setting; read back, it holds these values.

    `values` are given as to `load`: keys with the flag's name and its text. Raises ConfigurationError
    for what could not be read back.
    """
    chosen = {
        key: _checked(BY_KEY[key], native(BY_KEY[key], text, flag), flag)
        for key, (flag, text) in values.items()
    }
    if domains:
        chosen["mint.domains"] = _checked(BY_KEY["mint.domains"], list(domains), "--domain")
    blocks = [HEAD]
    for section, settings in groupby(SETTINGS, lambda setting: setting.section):
        blocks.append(f"\n# {SECTIONS[section]}\n[{section}]\n")
        blocks.extend(_entry(setting, chosen) for setting in settings)
    blocks.append(f"\n# {SECTIONS['plan.NAME']}\n# [plan.reviews]\n")
    blocks.extend(_entry(setting, {}) for setting in PLAN_SETTINGS)
    return "".join(blocks)


def rows(config: Config) -> list[tuple[str, str, str]]:
    """Return every setting's key, value as text, and origin; a secret is `(set)` or empty."""
    fixed = [(setting.key, _shown(setting, config), config.origin(setting.key)) for setting in SETTINGS]
    return fixed + plan_rows(config.plans, config.file)


def reference() -> str:
    """Return the manual's table of settings, in Markdown."""
    return "\n".join(_table()) + "\n"


def _table() -> Iterator[str]:
    yield "| Setting | Environment | Default | May be | What it does |"
    yield "| --- | --- | --- | --- | --- |"
    for setting in (*SETTINGS, *PLAN_SETTINGS):
        default = "" if setting.default in {"", ()} else f"`{_literal(setting.default)}`"
        cells = (
            f"`{setting.key}`",
            "none" if setting in PLAN_SETTINGS else f"`{setting.variable}`",
            default or "none",
            setting.kind.allowed + (" (secret)" if setting.secret else ""),
            setting.help,
        )
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _checked(setting: Setting, value: object, origin: str) -> object:
    try:
        setting.kind.parse(value)
    except ValueError as error:
        raise refusal(setting, value, origin, error) from None
    return value


def _entry(setting: Setting, chosen: Mapping[str, object]) -> str:
    comment = textwrap.fill(
        setting.help, width=100, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False
    )
    if setting.key in chosen:
        return f"\n{comment}\n{setting.name} = {_literal(chosen[setting.key])}\n"
    note = "  # example" if setting.default in {"", ()} else ""
    return f"\n{comment}\n# {setting.name} = {_literal(setting.example or setting.default)}{note}\n"


def _literal(value: object) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_literal, value))}]"
    return json.dumps(value, ensure_ascii=False)


def _shown(setting: Setting, config: Config) -> str:
    value = config.given[setting.key]
    if setting.secret:
        return "(set)" if value else ""
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
