"""Whether the model's file is there, whole by its header and size, for the installed release, and readable."""

from hailo_vision.doctor.case import SERVICE, Case
from hailo_vision.doctor.files import closed_to, head_of
from hailo_vision.doctor.finding import Finding, failed, ok, skipped, warning
from hailo_vision.models import hef
from hailo_vision.models.catalogue import CATALOGUE, fits, fitting_warning
from hailo_vision.models.listing import size
from hailo_vision.models.store import ModelPath


def look(case: Case) -> Finding:
    if not case.drives_the_chip:
        return skipped(f"the runtime {case.runtime} needs no HEF")
    place = ModelPath(path=case.machine.path(case.settings.model.hef))
    head = head_of(place.path, hef.HEADER_BYTES, get=pull(case))
    if isinstance(head, Finding):
        return head
    return _judge(case, place, hef.fault_in(head.start, head.size_bytes), head.size_bytes)


def _judge(case: Case, place: ModelPath, fault: str | None, size_bytes: int) -> Finding:
    origin, again = place.origin, pull(case, options=" --force")
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
        entry = next((f for f in CATALOGUE if (f.model, f.release) == (origin.model, origin.release)), None)
        if entry and fits(entry, CATALOGUE, case.release.version):
            return warning(
                f"{saw}. {fitting_warning(entry, case.release.version)}", "See whether the service loads it."
            )
        return failed(f"{saw}, is for HailoRT {origin.release}, and {case.release.version} is installed", again)
    return ok(f"{saw}, for HailoRT {origin.release}; `hailo-vision models verify` compares its hash too")


def pull(case: Case, model: str | None = None, options: str = "") -> str:
    """By the service's user, whose folder it is; by root where there is none."""
    user = f"-u {SERVICE} " if case.account.name == SERVICE else ""
    return f"`sudo {user}hailo-vision models pull {model or case.settings.model.name}{options}`"
