"""Finds a config file, reads it, and hands out Settings or everything that is wrong with it."""

import os
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from hailo_vision.config.check import check
from hailo_vision.config.parse import parse_text
from hailo_vision.config.settings import Settings
from hailo_vision.config.tree import settings_from
from hailo_vision.errors import ConfigError, ConfigProblem, UnusableFile
from hailo_vision.files import open_regular

MAX_BYTES = 1_000_000

_PLACE = Path("hailo-vision", "hailo-vision.json")


def load(path: Path) -> Settings:
    """The settings in a YAML or JSON file, with defaults for what it does not name. Raises ConfigError alone."""
    parsed = parse_text(_read(path), str(path))
    problems = check(parsed)
    if problems:
        raise ConfigError(str(path), problems)
    return settings_from(parsed.tree)


def salvage(path: Path) -> Settings:
    """What a file with problems says that has none, and defaults for the rest: to look around with, not to run on."""
    try:
        parsed = parse_text(_read(path), str(path))
    except ConfigError:
        return Settings()
    return settings_from(parsed.tree, without=frozenset(problem.path.partition("[")[0] for problem in check(parsed)))


def default_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Where a config file is looked for first: $XDG_CONFIG_HOME/hailo-vision/hailo-vision.json."""
    return next(_places(environ))


def find(environ: Mapping[str, str] = os.environ) -> Path | None:
    """The config file to load when none is named, or None: then the daemon runs on `Settings()`.

    A file that stands there and can't be read is returned too: a daemon that quietly ran on its defaults
    would hide what is wrong.
    """
    return next((place for place in _places(environ) if os.path.lexists(place)), None)


def _places(environ: Mapping[str, str]) -> Iterator[Path]:
    """The XDG base directories in their order; one that is relative is to be ignored, says the specification."""
    home = environ.get("XDG_CONFIG_HOME") or ""
    yield (Path(home) if os.path.isabs(home) else Path(environ.get("HOME") or "/", ".config")) / _PLACE
    for directory in (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":"):
        if os.path.isabs(directory):
            yield Path(directory) / _PLACE


def describe(error: ConfigError) -> str:
    """The several lines that a person reads: the file, one line for each problem, remedies, and the next step."""
    command = f"hailo-vision check-config {shlex.quote(error.source)}"
    next_step = "start the server again." if isinstance(error, UnusableFile) else f"check it with: {command}"
    problems = (f"  {problem}" for problem in error.problems)
    remedies = (f"\n{problem.remedy}" for problem in error.problems if problem.remedy)
    return "\n".join((f"{error}:", *problems, *remedies, f"Correct this, then {next_step}"))


def _read(path: Path) -> str:
    try:
        # `--config <(...)` and /dev/null for an empty file are meant so; any other pipe would block the open.
        is_passed = str(path).startswith(("/dev/fd/", "/dev/null", "/dev/stdin", "/proc/self/fd/"))
        with path.open("rb") if is_passed else open_regular(path) as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise _unreadable(path, _reason(error)) from error
    if len(content) > MAX_BYTES:
        raise _unreadable(path, f"it is larger than {MAX_BYTES // 1_000_000} MB, which no config file is")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _unreadable(path, f"line {line}: it is not UTF-8; save it as UTF-8") from error


def _reason(error: OSError) -> str:
    match error:
        case FileNotFoundError():
            return "there is no such file"
        case IsADirectoryError():
            return "it is a directory; expected a file"
        case PermissionError():
            return f"it can't be read by the user with the id {os.geteuid()}; change its owner or its mode"
        case _:
            return f"it can't be read: {error.strerror}"


def _unreadable(path: Path, why: str) -> ConfigError:
    return ConfigError(str(path), (ConfigProblem(path="", message=why),))
