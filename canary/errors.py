"""One tree of errors: each knows its exit code, whether trying again may help, and what to do."""

from typing import ClassVar


class CanaryError(Exception):
    """Something a user, a peer or the machine did that canary cannot go on from.

    `exit_code` follows sysexits.h; `temporary` decides 4xx or 5xx, retry or park.
    The message says what happened; `hint` says what to do about it.
    """

    exit_code: ClassVar[int] = 1
    temporary: ClassVar[bool] = False

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(CanaryError):
    """The command was asked for something it cannot mean."""

    exit_code = 2


class DataError(CanaryError):
    """Input data is not what it should be (EX_DATAERR)."""

    exit_code = 65


class NotFoundError(CanaryError):
    """Nothing is kept under the identifier that was asked for."""


class TemporaryError(CanaryError):
    """Trying again later may succeed (EX_TEMPFAIL)."""

    exit_code = 75
    temporary = True


class StoreError(TemporaryError):
    """The database cannot be read or written now: full, locked, read-only, failing."""


class ConfigurationError(CanaryError):
    """Configuration, keys or database do not fit (EX_CONFIG)."""

    exit_code = 78


class KeyringError(ConfigurationError):
    """Keys are missing, unreadable, or belong to another database."""


class SchemaError(ConfigurationError):
    """The database was written by a newer version, or is no canary database."""


class DeliveryError(CanaryError):
    """A channel refused an alert for good; it is parked until somebody looks."""


class DeliveryDelayed(TemporaryError):  # noqa: N818 - it is a delay, not an error
    """A channel could not take an alert now.

    `retry_after` is in seconds, when the channel named a delay.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after
