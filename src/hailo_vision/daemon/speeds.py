"""How fast each model answered, kept across restarts: a small JSON file in the data folder's cache.

Without it the first minutes after each start would be planned by a guess. It may be deleted at any time.
"""

import asyncio
import json
import logging
import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hailo_vision.config.data_folder import SYSTEM_FOLDER, user_folder
from hailo_vision.files import open_regular
from hailo_vision.scheduler.estimate import Speed

log = logging.getLogger(__name__)

FILE = Path("cache") / "speeds.json"
SAVE_S = 600.0  # a crash loses what was measured since; an SD card is not written more often
MAX_BYTES = 100_000
MAX_VALUE = 1e6  # of seconds and tokens

Speeds = dict[str, Speed]  # by model and engine


def speeds_path(environ: Mapping[str, str] = os.environ, system: Path = SYSTEM_FOLDER) -> Path | None:
    """In the package's folder, else in the user's own; None where there is neither."""
    folder = system if system.is_dir() else user_folder(environ)
    return None if folder is None else folder / FILE


def key(model: str, engine: str) -> str:
    return f"{model} on {engine}"


def load(path: Path | None) -> Speeds:
    """What the last run left; nothing where the file is missing, or is not what `save` writes."""
    if path is None:
        return {}
    try:
        with open_regular(path) as file:
            content = json.loads(file.read(MAX_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    items = content.items() if isinstance(content, dict) else ()
    return {name: speed for name, value in items if (speed := _speed(value)) is not None}


def save(path: Path, speeds: Speeds) -> None:
    """Write the file whole or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            json.dump({name: asdict(speed) for name, speed in sorted(speeds.items())}, file, indent=1)
            file.flush()
            os.fsync(descriptor)
        os.replace(part, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(part)
        raise


class SpeedKeeper:
    """Writes what `read` gives when it has changed: now and then, and at the end. A disk that takes nothing is no
    reason to stop.
    """

    def __init__(self, path: Path | None, before: Speeds, read: Callable[[], Speeds], every_s: float = SAVE_S) -> None:
        self._path = path
        self._saved = before
        self._read = read
        self._every_s = every_s

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            await self.save()

    async def save(self) -> None:
        speeds = {**self._saved, **self._read()}  # models that are not served now keep theirs
        if self._path is None or speeds == self._saved:
            return
        try:
            await asyncio.to_thread(save, self._path, speeds)
        except OSError as error:
            log.debug("speeds were not saved", extra={"facts": {"path": str(self._path), "error": error.strerror}})
        else:
            self._saved = speeds


def _speed(value: Any) -> Speed | None:
    if not isinstance(value, dict):
        return None
    prefill_s, token_s, tokens = value.get("prefill_s"), value.get("token_s"), value.get("tokens")
    if not (_is_number(prefill_s) and (token_s is None or _is_number(token_s)) and _is_number(tokens)):
        return None
    assert prefill_s is not None
    assert tokens is not None
    return Speed(prefill_s=prefill_s, token_s=token_s, tokens=tokens)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MAX_VALUE  # nan is not
