"""Files with secrets are read only when no other user of the machine can read them."""

import os
import stat

from hailo_vision.errors import ConfigProblem, UnusableFile
from hailo_vision.files import open_regular

MAX_BYTES = 1_000_000
_OTHERS_ACCESS = stat.S_IRWXO
_GROUP_WRITE = stat.S_IWGRP


def read_secret(path: str) -> bytes:
    """Read a file that only its owner can change, and only its group can read besides.

    Symbolic links are followed: the mode of the file counts. Raises UnusableFile.
    """
    try:
        with open_regular(path) as file:
            _check(path, os.fstat(file.fileno()))
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise unusable(path, f"it can't be read: {error.strerror}") from None
    if len(content) > MAX_BYTES:
        raise unusable(path, f"it is larger than {MAX_BYTES // 1_000_000} MB")
    return content


def unusable(path: str, *problems: str) -> UnusableFile:
    return UnusableFile(path, tuple(ConfigProblem(path="", message=problem) for problem in problems))


def _check(path: str, status: os.stat_result) -> None:
    mode = stat.S_IMODE(status.st_mode)
    if mode & _OTHERS_ACCESS:
        raise unusable(path, f"its mode is {mode:04o}, which lets every user of this machine in; run: chmod 640 {path}")
    if mode & _GROUP_WRITE:
        raise unusable(path, f"its mode is {mode:04o}, which lets its group change it; run: chmod 640 {path}")
