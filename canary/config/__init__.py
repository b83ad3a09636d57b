"""Configuration: defaults < TOML file < CANARY_* environment < flag; frozen; unknown keys are errors."""

from canary.config.layers import find, load
from canary.config.places import Domain, Endpoint
from canary.config.sections import Config
from canary.config.setting import Setting
from canary.config.settings import SETTINGS
from canary.config.text import reference, rows, template

__all__ = [
    "SETTINGS",
    "Config",
    "Domain",
    "Endpoint",
    "Setting",
    "find",
    "load",
    "reference",
    "rows",
    "template",
]
