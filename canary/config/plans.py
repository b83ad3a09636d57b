"""Plans: the tables `[plan.NAME]` become how many decoys of each layer the records of a kind show."""

import re
from collections.abc import Mapping
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any, Final

from canary.config.plan_settings import BY_NAME
from canary.config.sections import PlanSection
from canary.config.setting import Setting
from canary.config.settings import nearest
from canary.config.toml import TomlFile
from canary.errors import ConfigurationError

PLAN: Final = "plan"
NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
MOST_PLANS: Final = 100


def read_plans(file: TomlFile | None) -> tuple[PlanSection, ...]:
    """Return the plans of a file in its order. Raises ConfigurationError."""
    tables = file.tables.get(PLAN, {}) if file else {}
    if not file or not tables:
        return ()
    where = file.where((PLAN,))
    if not isinstance(tables, dict) or len(tables) > MOST_PLANS:
        raise ConfigurationError(f"{where}: plan is for tables such as [plan.reviews], {MOST_PLANS} at most")
    return tuple(_plan(file, name, table) for name, table in tables.items())


def plan_of(plans: tuple[PlanSection, ...], record: str) -> PlanSection | None:
    """Return the first plan that a record falls under, None where there is none."""
    for plan in plans:
        if any(fnmatchcase(record, pattern) for pattern in plan.records):
            return plan
    return None


def _plan(file: TomlFile, name: str, table: object) -> PlanSection:
    where = file.where((PLAN, name))
    if not NAME.fullmatch(name) or not isinstance(table, dict):
        raise ConfigurationError(
            f"{where}: plan.{name[:80]!r} is no plan: write [plan.name] in small letters, digits, - and _"
        )
    for key in table:
        if key not in BY_NAME:
            raise ConfigurationError(
                f"{file.where((PLAN, name, key))}: unknown key plan.{name}.{key[:80]}; "
                f"the nearest is {nearest(key, list(BY_NAME))}"
            )
    values = {key: _value(file, name, setting, table) for key, setting in BY_NAME.items()}
    if values["per_view"] > values["cap"]:
        raise ConfigurationError(
            f"{where}: plan.{name}.per_view = {values['per_view']} is more than its cap = {values['cap']}",
            hint="raise cap, which counts all view-unique decoys of one employee and record",
        )
    return PlanSection(name=name, **values)


def _value(file: TomlFile, name: str, setting: Setting, table: Mapping[str, Any]) -> Any:
    if setting.name not in table and setting.name == "records":
        raise ConfigurationError(
            f"{file.where((PLAN, name))}: plan.{name} does not say for which records",
            hint='add records = ["product:*"]',
        )
    value = table.get(setting.name, setting.default)
    try:
        return setting.kind.parse(value)
    except ValueError as error:
        detail = f": {error}" if str(error) else ""
        where = file.where((PLAN, name, setting.name))
        raise ConfigurationError(
            f"{where}: plan.{name}.{setting.name} = {value!r:.80} is not {setting.kind.allowed}{detail}"
        ) from None


def plan_rows(plans: tuple[PlanSection, ...], file: TomlFile | None) -> list[tuple[str, str, str]]:
    """Return every plan's keys, values as text, and origins, for `config show`."""
    rows = []
    for plan in plans:
        given = file.tables[PLAN][plan.name] if file else {}
        for name in BY_NAME:
            origin = file.where((PLAN, plan.name, name)) if file and name in given else "default"
            rows.append((f"plan.{plan.name}.{name}", _text(getattr(plan, name)), origin))
    return rows


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, timedelta):
        return f"{value // timedelta(hours=1)}h"
    return str(value)
