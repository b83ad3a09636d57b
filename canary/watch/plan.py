"""A configuration becomes what every worker is told."""

from dataclasses import dataclass

from canary.keyring import IndexKey
from canary.sink import SinkSettings


@dataclass(frozen=True, slots=True)
class Plan:
    """What a worker has to know. `settings` are those of one worker; `database` is the store's path."""

    settings: SinkSettings
    database: str
    index: IndexKey
    log_level: str = "info"
    log_form: str = "human"
