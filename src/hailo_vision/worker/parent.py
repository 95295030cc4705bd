"""A parent-death signal for child processes: when the daemon ends, the kernel kills them."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with_parent(parent: int | None = None) -> None:
    """Have the kernel kill this process when the daemon ends. Where `parent`, the daemon, has ended already, exit.

    No thread of ours could do it: the vendor's library holds the interpreter lock while it blocks, and it never returns
    if the device is wedged (HailoRT 5.1.1 and 5.2.0).
    """
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent is not None and os.getppid() != parent:
        sys.exit("the daemon has ended")
