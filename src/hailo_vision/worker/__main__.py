"""The worker's first breath: it ties its life to the daemon's, then serves the socket it was given."""

import ctypes
import os
import signal
import socket
import sys

from hailo_vision.worker.hailo import HailoBackend
from hailo_vision.worker.loop import Link, serve

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with_parent() -> None:
    """Have the kernel kill this process when the daemon ends.

    No thread of ours could do it: the vendor library holds the interpreter lock while it blocks, for ever if the
    device is wedged (HailoRT 5.1.1 and 5.2.0).
    """
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> None:
    die_with_parent()
    # systemd and a terminal's Ctrl-C signal the whole group; when the worker ends is the daemon's decision.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with socket.socket(fileno=int(sys.argv[1])) as end:
        code = serve(Link(end), HailoBackend())
    sys.stderr.flush()
    # Objects of a dead session must never be released, not even by the interpreter's last collection: a release
    # there ends in SIGABRT. What could be released has been.
    os._exit(code)


main()
