"""Time as the vendor's library spends it: blocked in C with the interpreter lock held (contract 2.10)."""

import ctypes
import os
import resource
import signal
import sys
import time
from typing import Final, NoReturn

now = time.monotonic


class _Timespec(ctypes.Structure):
    _fields_ = [("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long)]


# PyDLL, unlike CDLL, keeps the interpreter lock for the length of a call.
_LIBC: Final = ctypes.PyDLL(None)
_Storage = ctypes.c_ulonglong * 8  # 64 zero bytes: more than glibc's PTHREAD_{COND,MUTEX}_INITIALIZER


def block_until(deadline: float) -> None:
    """Block this thread and every other Python thread until `now()` is at least `deadline`.

    A signal does not cut it short, and no Python signal handler runs before it is over, as in any long call of C (trap
    26); a signal whose action is the default one still ends the process.
    """
    while (left := deadline - now()) > 0:
        whole = int(deadline)
        until = _Timespec(whole, min(999_999_999, int((deadline - whole) * 1e9) + 1))
        if hasattr(_LIBC, "pthread_cond_clockwait"):
            # This condition is never signalled: unlike a sleep, the wait is not cut short by a signal, within C.
            condition, mutex = _Storage(), _Storage()
            _LIBC.pthread_mutex_lock(mutex)
            _LIBC.pthread_cond_clockwait(condition, mutex, time.CLOCK_MONOTONIC, ctypes.byref(until))
        elif left > 0:
            _LIBC.clock_nanosleep(time.CLOCK_MONOTONIC, 1, ctypes.byref(until), None)  # 1 is TIMER_ABSTIME


def block_forever() -> NoReturn:
    """Block like a wedged device: reads of a GenAI session have no timeout."""
    while True:
        block_until(now() + 3600)


def log(text: str) -> None:
    """Print a line on stderr, where the vendor's library logs warnings and errors."""
    print(f"[hailo simulator] {text}", file=sys.stderr, flush=True)


def die(number: signal.Signals, why: str) -> NoReturn:
    """End the process as the vendor's library would end it here, and log the reason, which the vendor's does not."""
    log(f"{number.name}: {why}")
    # A core file would be of no use, and could fill the disk.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    os.kill(os.getpid(), number)
    block_forever()  # until the signal has reached the thread that takes it
