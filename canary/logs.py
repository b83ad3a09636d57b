"""Log records become lines on standard error, for people or for machines."""

import json
import logging
import sys
from datetime import UTC, datetime

QUIET = ("aiosmtpd", "mail", "httpx", "httpcore", "asyncio", "hpack")


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
    handler = logging.StreamHandler(sys.stderr)
    if form == "json":
        handler.setFormatter(JsonLines())
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
