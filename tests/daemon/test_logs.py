"""Log lines: one event a line with its facts, whatever a client's text tries to be."""

import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hailo_vision.daemon.logs import JsonFormatter, TextFormatter

searching = settings(max_examples=300, deadline=None)

FACT = re.compile(r' ([a-z_]+)=("(?:[^"\\]|\\.)*"|[^ "=]+|)')

shards = st.sampled_from(
    ["\n", "\r", "\u2028", "\x85", "\x1b[2J", "\x7f", " ", '"', "\\", "=", " status=200", "\nINFO    request", "\n<0>"]
)
hostile = st.lists(shards | st.text(max_size=3) | st.just("\ud800"), max_size=6).map("".join)


def record(message: str = "request", level: int = logging.INFO, **facts: Any) -> logging.LogRecord:
    made = logging.LogRecord("hailo_vision.http_api.app", level, __file__, 1, message, None, None)
    made.facts = facts
    return made


def failed(text: str) -> logging.LogRecord:
    made = record("a bug", logging.ERROR, request_id="abc")
    try:
        raise ValueError(text)
    except ValueError:
        made.exc_info = sys.exc_info()
    return made


def facts_in(line: str) -> dict[str, str]:
    """The facts as a reader takes them apart, who knows nothing but that values with spaces stand in quotes."""
    return {
        key: json.loads(value) if value.startswith('"') else value
        for key, value in FACT.findall(line.partition("request")[2])
    }


def test_a_line_is_level_event_and_facts() -> None:
    line = TextFormatter(for_journal=True).format(record(status=200, total_ms=3120, error=None))
    assert line == "<6>INFO    request status=200 total_ms=3120 error=-"


def test_on_a_terminal_the_time_of_day_stands_in_front() -> None:
    line = TextFormatter(for_journal=False).format(record(status=200))
    assert re.fullmatch(r"\d\d:\d\d:\d\d INFO    request status=200", line)


@pytest.mark.parametrize(
    ("level", "priority"),
    [(logging.DEBUG, 7), (logging.INFO, 6), (logging.WARNING, 4), (logging.ERROR, 3), (logging.CRITICAL, 2), (25, 6)],
)
def test_the_journal_is_told_how_much_a_line_matters(level: int, priority: int) -> None:
    assert TextFormatter(for_journal=True).format(record(level=level)).startswith(f"<{priority}>")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("/v1/models", "/v1/models"),
        ("two words", '"two words"'),
        ('a"b', r'"a\"b"'),
        ("a=b", '"a=b"'),
        ("a\nb", r'"a\nb"'),
        ("\x1b[31m", r'"\u001b[31m"'),
        ("é", "é"),
        (0.5, "0.5"),
        ("", ""),
    ],
)
def test_a_value_that_is_not_one_plain_word_stands_in_quotes(value: object, shown: str) -> None:
    assert TextFormatter(for_journal=True).format(record(path=value)) == f"<6>INFO    request path={shown}"


@searching
@given(hostile, hostile)
def test_a_clients_text_can_forge_neither_a_line_nor_a_fact(path: str, model: str) -> None:
    line = TextFormatter(for_journal=True).format(record(path=path, model=model, status=404))
    assert line.isprintable()
    assert facts_in(line) == {"path": path, "model": model, "status": "404"}


@searching
@given(hostile)
def test_a_text_quoted_by_an_exception_can_forge_no_line(text: str) -> None:
    first, *rest = TextFormatter(for_journal=True).format(failed(text)).split("\n")
    assert first == "<3>ERROR   a bug request_id=abc"
    assert rest[0] == "  Traceback (most recent call last):"
    assert all(line.startswith("  ") and line.isprintable() for line in rest)


@searching
@given(hostile)
def test_a_message_stays_on_its_line(text: str) -> None:
    line = TextFormatter(for_journal=True).format(record(text.replace("%", "")))
    assert line.isprintable()


@searching
@given(hostile, st.none() | st.integers() | st.booleans())
def test_json_is_one_object_a_line_with_the_facts_as_they_are(text: str, value: object) -> None:
    line = JsonFormatter().format(record(path=text, value=value))
    assert line.isprintable()
    told = json.loads(line)
    assert told.pop("time") > 0
    assert told == {
        "level": "info",
        "logger": "hailo_vision.http_api.app",
        "message": "request",
        "path": text,
        "value": value,
    }


def test_json_has_an_exception_on_the_same_line() -> None:
    line = JsonFormatter().format(failed("one\ntwo"))
    assert line.isprintable()
    assert json.loads(line)["exception"].endswith("ValueError: one\ntwo")


def test_a_fact_that_json_does_not_know_is_told_as_text() -> None:
    assert json.loads(JsonFormatter().format(record(path=Path("/dev/hailo0"))))["path"] == "/dev/hailo0"


def stderr_of(tmp_path: Path, *, level: str, form: str, is_journal: bool = False) -> str:
    """What a process that has set up its logging writes, in a process of its own, as logging is one per process."""
    script = (
        "import logging, sys; from hailo_vision.config.settings import Logging; from hailo_vision.daemon import logs;"
        "logs.set_up(Logging(level=sys.argv[1], format=sys.argv[2]));"
        "log = logging.getLogger('a.b'); log.debug('quiet'); log.info('plain', extra={'facts': {'n': 1}});"
        "log.warning('loud');"
        "logging.getLogger('aiohttp.server').error('a broken request'); logging.getLogger('asyncio').info('a selector')"
    )
    with (tmp_path / "stderr").open("w+") as stderr:
        status = os.fstat(stderr.fileno())
        stream = f"{status.st_dev}:{status.st_ino}" if is_journal else f"{status.st_dev}:1"
        subprocess.run(
            [sys.executable, "-c", script, level, form],
            stderr=stderr,
            check=True,
            timeout=60,
            env={**os.environ, "JOURNAL_STREAM": stream},
        )
        stderr.seek(0)
        return stderr.read()


def test_the_operators_level_and_format_are_kept(tmp_path: Path) -> None:
    lines = stderr_of(tmp_path, level="info", form="json").splitlines()
    assert [json.loads(line)["message"] for line in lines] == ["plain", "loud"]
    assert json.loads(lines[0])["n"] == 1


def test_lines_for_a_terminal_have_no_priority(tmp_path: Path) -> None:
    (line,) = stderr_of(tmp_path, level="warning", form="text").splitlines()
    assert re.fullmatch(r"\d\d:\d\d:\d\d WARNING loud", line)


def test_lines_for_the_journal_have_their_priority(tmp_path: Path) -> None:
    lines = stderr_of(tmp_path, level="debug", form="text", is_journal=True).splitlines()
    assert lines == ["<7>DEBUG   quiet", "<6>INFO    plain n=1", "<4>WARNING loud"]
