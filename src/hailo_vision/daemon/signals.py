"""The signals that the daemon handles: SIGTERM and SIGINT stop it, a second one stops it at once, SIGHUP reloads."""

import asyncio
import os
import signal


class Signals:
    """Events that the signals set. `hurry` is set by the second signal to stop."""

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self.hurry = asyncio.Event()
        self.reload = asyncio.Event()
        self._has_terminal = os.isatty(0)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        loop.add_signal_handler(signal.SIGHUP, self._hang_up)

    def end(self) -> None:
        """Everything has ended: a further signal to stop ends the process with 0, and no longer with the signal's code.

        Without this asyncio would give the signals their default back while it waits for its threads.
        """
        loop = asyncio.get_running_loop()
        numbers = (signal.SIGTERM, signal.SIGINT)
        signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
        for number in numbers:
            loop.remove_signal_handler(number)
            signal.signal(number, lambda *_: os._exit(0))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)

    def _stop(self) -> None:
        if self.stop.is_set():
            self.hurry.set()
        self.stop.set()

    def _hang_up(self) -> None:
        """A reload, but the end for a daemon in the foreground of a terminal that was closed."""
        if self._has_terminal and not os.isatty(0):
            self.stop.set()
        else:
            self.reload.set()
