"""Files that hold secrets: read whole, and only when nobody else can."""

import os
import stat

from hailo_vision.errors import ConfigProblem, UnusableFile

LARGEST_BYTES = 1_000_000
_OTHERS = stat.S_IRWXO
_GROUP_WRITES = stat.S_IWGRP


def read_secret(path: str) -> bytes:
    """The bytes of a file that its owner alone can change, and that nobody but its group can read.

    Symbolic links are followed: what counts is the file. Raises UnusableFile.
    """
    try:
        # A named pipe in its place would make a plain open() wait for ever.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            _check(path, os.fstat(file.fileno()))
            content = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise unusable(path, f"it can't be read: {error.strerror}") from None
    if len(content) > LARGEST_BYTES:
        raise unusable(path, f"it is larger than {LARGEST_BYTES // 1_000_000} MB")
    return content


def unusable(path: str, *problems: str) -> UnusableFile:
    return UnusableFile(path, tuple(ConfigProblem(path="", message=problem) for problem in problems))


def _check(path: str, status: os.stat_result) -> None:
    mode = stat.S_IMODE(status.st_mode)
    if not stat.S_ISREG(status.st_mode):
        raise unusable(path, "it is no file")
    if mode & _OTHERS:
        raise unusable(path, f"its mode is {mode:04o}, which lets every user of this machine in; run: chmod 640 {path}")
    if mode & _GROUP_WRITES:
        raise unusable(path, f"its mode is {mode:04o}, which lets its group change it; run: chmod 640 {path}")
