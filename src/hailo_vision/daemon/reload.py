"""SIGHUP reloads the config file: all settings that can change in a running daemon do, or none."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hailo_vision.config.changes import changed, is_reloadable, taken_up
from hailo_vision.config.settings import Settings
from hailo_vision.daemon.notify import Notifier
from hailo_vision.errors import ConfigError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reloadable:
    """A part of the daemon that takes up new settings while it runs.

    `prepare` reads and checks what they name, in a thread, and changes nothing; it raises ConfigError for what is
    wrong. What it returns makes the change, on the loop, and can't fail. It is called on every reload, since a file
    can have changed whose name has not.
    """

    name: str
    prepare: Callable[[Settings], Callable[[], None]]


class Reloader:
    """Reloads the settings, and knows those that are in force."""

    def __init__(
        self, running: Settings, reread: Callable[[], Settings], parts: Sequence[Reloadable], notifier: Notifier
    ) -> None:
        self.running = running
        self._reread = reread
        self._parts = parts
        self._notifier = notifier

    async def run(self, requests: asyncio.Event) -> None:
        """Reload at each request, until cancelled."""
        while True:
            await requests.wait()
            requests.clear()
            await self.reload()

    async def reload(self) -> None:
        """Reload once. Problems of a file are logged and reported to systemd; they raise nothing and change nothing."""
        status = "reload failed: the old configuration is kept"
        self._notifier.reloading()
        try:
            status = await self._reload()
        except ConfigError as error:
            status = f"reload failed: {error}, the old configuration is kept"
            for problem in error.problems:
                log.error("%s", problem, extra={"facts": {"config": error.source}})
            log.error("%s", status)
        finally:
            self._notifier.reloaded(status)

    async def _reload(self) -> str:
        new = await asyncio.to_thread(self._reread)
        changes = [await asyncio.to_thread(part.prepare, new) for part in self._parts]
        for change in changes:
            change()
        differing = changed(self.running, new)
        applied = [path for path in differing if is_reloadable(path)]
        waiting = [path for path in differing if not is_reloadable(path)]
        self.running = taken_up(self.running, new)
        facts = {"applied": ", ".join(applied) or None, "needs_restart": ", ".join(waiting) or None}
        log.warning("reloaded", extra={"facts": facts}) if waiting else log.info("reloaded", extra={"facts": facts})
        return f"reloaded, a restart is needed for {', '.join(waiting)}" if waiting else "reloaded"
