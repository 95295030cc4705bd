"""The worker's first breath: it ties its life to the daemon's, then serves the socket it was given."""

import os
import signal
import socket
import sys

from hailo_vision.worker.hailo import HailoBackend
from hailo_vision.worker.loop import Link, serve
from hailo_vision.worker.parent import die_with_parent


def main() -> None:
    die_with_parent()
    # systemd and a terminal's Ctrl-C signal the whole group; when the worker ends is the daemon's decision.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    backend = HailoBackend()  # held by a name: what it holds must not be collected when `serve` returns
    with socket.socket(fileno=int(sys.argv[1])) as end:
        code = serve(Link(end), backend)
    sys.stderr.flush()
    # Objects of a dead session must never be released, not even by the interpreter's last collection: a release
    # there ends in SIGABRT. What could be released has been.
    os._exit(code)


main()
