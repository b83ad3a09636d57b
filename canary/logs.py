"""Log records become lines on standard error, for people or for machines."""

import json
import logging
import sys
from datetime import UTC, datetime

QUIET = ("aiosmtpd", "mail", "httpx", "httpcore", "asyncio", "hpack")


class Lines(logging.Formatter):
    """A line for people. The time is written anew once a second: a message is worth a line or two."""

    def __init__(self) -> None:
        super().__init__()
        self._second, self._written = -1, ""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as a line, and a traceback below it if there is one."""
        second = int(record.created)
        if second != self._second:
            self._second, self._written = second, self.formatTime(record, "%Y-%m-%d %H:%M:%S")
        at = f"{self._written},{int(record.msecs):03d}"
        line = f"{at} {record.levelname:<7} {record.name}: {record.getMessage()}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonLines(logging.Formatter):
    """One JSON object a line: at, level, logger, message, and the exception's name if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as a line."""
        body = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[0]:
            body["exception"] = record.exc_info[0].__name__
        return json.dumps(body, ensure_ascii=False)


def set_up_logs(level: str, form: str) -> None:
    """Send log records to standard error; libraries are heard from warnings on."""
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # noqa: SLF001 - documented: nobody is told where a line was logged
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else Lines())
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
