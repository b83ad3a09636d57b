"""The settings of incidents, one row each."""

from typing import Final

from canary.config import kinds
from canary.config.setting import Setting

INCIDENT_SETTINGS: Final = (
    Setting(
        "incident.window",
        kinds.duration("1h", "3650d"),
        "90d",
        "How far apart in time hits may be that belong to one incident.",
    ),
)
