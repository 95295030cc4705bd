"""Whether the model's file is there, whole by its header and size, for the installed release, and readable."""

import os
import stat
from pathlib import Path

from hailo_vision.doctor import account
from hailo_vision.doctor.account import ENTER, READ, Account, Owner
from hailo_vision.doctor.case import SERVICE, Case
from hailo_vision.doctor.finding import Finding, failed, ok, skipped
from hailo_vision.models import hef
from hailo_vision.models.listing import size
from hailo_vision.models.store import Place


def look(case: Case) -> Finding:
    if not case.drives_the_chip:
        return skipped(f"the runtime {case.settings.device.runtime} needs no HEF")
    place = Place(path=case.machine.path(case.settings.model.hef))
    try:
        status = place.path.stat()
        if not stat.S_ISREG(status.st_mode):  # to open a pipe would be to wait
            return failed(f"{place.path} is no file", f"Remove it, then {_pull(case)}")
        with place.path.open("rb") as file:
            fault = hef.fault_in(file.read(hef.HEADER_BYTES), status.st_size)
    except FileNotFoundError:
        return failed(f"{place.path} is not there", _pull(case))
    except PermissionError:
        return skipped(f"{place.path} can't be read by you", "Run `sudo hailo-vision doctor`.")
    except OSError as error:
        return failed(f"{place.path} can't be read: {error.strerror}", "Check the disk, then pull the model again.")
    return _judge(case, place, fault, status.st_size)


def _judge(case: Case, place: Place, fault: str | None, size_bytes: int) -> Finding:
    origin, again = place.origin, _pull(case, " --force")
    if fault is None and origin and origin.size_bytes != size_bytes:
        fault = f"has {size_bytes:,} bytes instead of {origin.size_bytes:,}"
    if fault:
        return failed(f"{place.path} {fault}", again)
    if shut := closed_to(case.account, place.path, case.machine.root):
        return failed(
            f"{case.account.name} may not read {place.path}: {shut} is closed to it", f"`sudo chmod a+rX {shut}`"
        )
    saw = f"{place.path}, {size(size_bytes)}"
    if origin is None:
        return ok(f"{saw}; for which release it was made is not known, as it was not pulled")
    if case.release and origin.release != case.release.version:
        return failed(f"{saw}, is for HailoRT {origin.release}, and {case.release.version} is installed", again)
    return ok(f"{saw}, for HailoRT {origin.release}; `hailo-vision models verify` compares its hash too")


def _pull(case: Case, options: str = "") -> str:
    """By the service's user, whose folder it is; by root where there is none."""
    user = f"-u {SERVICE} " if case.account.name == SERVICE else ""
    return f"`sudo {user}hailo-vision models pull {case.settings.model.name}{options}`"


def closed_to(user: Account, path: Path, root: Path) -> Path | None:
    """The first folder on the way, or the file itself, that this user may not use."""
    parents = [folder for folder in reversed(path.parents) if folder.is_relative_to(root)]
    for place, wanted in [*((folder, ENTER) for folder in parents), (path, READ)]:
        status = os.stat(place)
        owner = Owner(uid=status.st_uid, gid=status.st_gid, mode=stat.S_IMODE(status.st_mode))
        if not account.may(user, owner, wanted):
            return place
    return None
