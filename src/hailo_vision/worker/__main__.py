"""The entry point of the worker: it ties its life to the daemon's, then serves the socket that it was given."""

import os
import signal
import socket
import sys

from hailo_vision.worker.hailo import HailoBackend
from hailo_vision.worker.loop import Channel, serve
from hailo_vision.worker.parent import die_with_parent


def main() -> None:
    die_with_parent()
    # systemd and a terminal's Ctrl-C signal the whole process group; only the daemon decides when the worker ends.
    # Ignore, never handle: a signal with a handler interrupts the library's poll, and its read fails with status 8
    # (5.2.0, measured). No profiler, no faulthandler.register, no SIGUSR1 here; an answer dies of it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    backend = HailoBackend()  # held by a name: its objects must not be collected when `serve` returns
    with socket.socket(fileno=int(sys.argv[1])) as connection:
        code = serve(Channel(connection), backend)
    sys.stderr.flush()
    # Objects of a dead session must never be released, not even by the interpreter's last garbage collection: that
    # ends in SIGABRT. Everything that may be released has been released by now.
    os._exit(code)


main()
