"""Checks of a file that the service needs: it exists, begins correctly, and the service's user can read it."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from hailo_vision.doctor import account
from hailo_vision.doctor.account import ENTER, READ, Account, Owner
from hailo_vision.doctor.finding import Finding, failed, skipped
from hailo_vision.doctor.installation import SERVICE, Installation
from hailo_vision.files import open_regular

AS_ROOT = "Run `sudo hailo-vision doctor`."
# What a property of the unit hides, whatever a file's mode: systemd.exec(5).
_HIDES = {"ProtectHome": ("/home", "/root", "/run/user"), "PrivateTmp": ("/tmp", "/var/tmp")}
_SHOWS = {"ProtectHome": "read-only", "PrivateTmp": "no"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The first bytes of a file, and how long it is."""

    start: bytes
    size_bytes: int


def head_of(
    path: Path, most_bytes: int, *, get: str, broken: str = "Check the disk, then pull the model again."
) -> Head | Finding:
    """Read the beginning of a file. If that fails, the finding's advice is `get`, the way to obtain the file."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # opening a pipe would block
            return failed(f"{path} is no file", f"Remove it, then {get}")
        with open_regular(path) as file:
            return Head(start=file.read(most_bytes), size_bytes=status.st_size)
    except FileNotFoundError:
        return failed(f"{path} is not there", f"{get[:1].upper()}{get[1:]}")
    except PermissionError:
        return skipped(f"{path} can't be read by you", AS_ROOT)
    except OSError as error:
        return failed(f"{path} can't be read: {error.strerror}", broken)


def closed_to(user: Account, path: Path, root: Path, access: int = READ) -> Path | None:
    """The first folder of the path, or the file itself, that this user has no permission for."""
    parents = [folder for folder in reversed(path.parents) if folder.is_relative_to(root)]
    for step, step_access in [*((folder, ENTER) for folder in parents), (path, access)]:
        status = os.stat(step)
        owner = Owner(uid=status.st_uid, gid=status.st_gid, mode=stat.S_IMODE(status.st_mode))
        if not account.may(user, owner, step_access):
            return step
    return None


def hidden(installation: Installation, path: Path) -> Finding | None:
    """Fail for a path that the unit's sandbox hides from the service (ProtectHome=, PrivateTmp=)."""
    unit = installation.unit or {}
    if unit.get("LoadState") != "loaded":
        return None
    real = Path(os.path.realpath(path))
    for name, folders in _HIDES.items():
        value = unit.get(name, "no")
        if value in ("", "no", "read-only"):
            continue
        for folder in folders:
            if real.is_relative_to(installation.machine.path(folder)):
                return failed(
                    f"{real} is in {folder}, which the service can't see (its unit has {name}={value})",
                    f"Move it to /var/lib/hailo-vision and name it there, or let the service see it: "
                    f"`sudo systemctl edit {SERVICE}`, with `{name}={_SHOWS[name]}` under [Service].",
                )
    return None


def is_roots(path: Path) -> bool:
    """Whether only root can have written this file, so that root may run it."""
    for step in (path, *path.parents):
        status = os.stat(step)
        others_write = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not status.st_mode & stat.S_ISVTX
        if status.st_uid != 0 or others_write:
            return False
    return True
