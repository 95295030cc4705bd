"""Log lines on stderr: one event a line, its facts as `key=value`, or JSON for machines."""

import json
import logging
import os
import sys
from typing import Any

from hailo_vision.config import settings

# Syslog's numbers, which the journal reads off the start of a line.
_PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}


def set_up(config: settings.Logging) -> None:
    """Send all log records to stderr in the operator's format, from the operator's level on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if config.format == "json" else TextFormatter(for_journal=_goes_to_journal()))
    logging.basicConfig(level=config.level.upper(), handlers=[handler], force=True)
    # Its warnings are about clients' broken requests, which are answered and logged as requests.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    logging.getLogger("asyncio").setLevel(logging.WARNING)


def _goes_to_journal() -> bool:
    """True when systemd says that stderr is a stream to the journal (systemd.exec(5), JOURNAL_STREAM)."""
    device, _, inode = os.environ.get("JOURNAL_STREAM", "").partition(":")
    if not device:
        return False
    status = os.fstat(2)
    return (str(status.st_dev), str(status.st_ino)) == (device, inode)


class TextFormatter(logging.Formatter):
    """`INFO request status=200 total_ms=3120`, with the journal's priority in front or the time of day."""

    def __init__(self, *, for_journal: bool) -> None:
        super().__init__(datefmt="%H:%M:%S")
        self._for_journal = for_journal

    def format(self, record: logging.LogRecord) -> str:
        facts = "".join(f" {key}={_quoted(value)}" for key, value in _facts(record).items())
        line = f"{record.levelname:<7} {_printable(record.getMessage())}{facts}"
        if record.exc_info:
            # Indented, as an exception can quote a client: no line of it may pass for one of ours.
            line += "".join(f"\n  {_printable(part)}" for part in self.formatException(record.exc_info).splitlines())
        if self._for_journal:
            return f"<{_PRIORITIES.get(record.levelno, 6)}>{line}"
        return f"{self.formatTime(record, self.datefmt)} {line}"


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": round(record.created, 3),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_facts(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    facts: dict[str, Any] = getattr(record, "facts", {})
    return facts


def _printable(text: str) -> str:
    """Text on one line: line breaks and control characters become escapes."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


def _quoted(value: object) -> str:
    """A value that stays one word: a client can't forge a line or a fact with its text."""
    text = "-" if value is None else str(value)
    return text if text.isprintable() and not set(text) & set(' "=') else json.dumps(text)
