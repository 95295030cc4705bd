"""Whether the model's file exists, is complete by header and size, fits the installed release, and is readable."""

from hailo_vision.doctor.files import closed_to, head_of
from hailo_vision.doctor.finding import Finding, failed, ok, skipped, warning
from hailo_vision.doctor.installation import SERVICE, Installation
from hailo_vision.models import hef
from hailo_vision.models.catalogue import CATALOGUE, fits, fitting_warning
from hailo_vision.models.listing import size
from hailo_vision.models.store import ModelPath


def look(installation: Installation) -> Finding:
    if not installation.drives_the_chip:
        return skipped(f"the runtime {installation.runtime} needs no HEF")
    model_path = ModelPath(path=installation.machine.path(installation.settings.model.hef))
    head = head_of(model_path.path, hef.HEADER_BYTES, get=pull(installation))
    if isinstance(head, Finding):
        return head
    return _judge(installation, model_path, hef.fault_in(head.start, head.size_bytes), head.size_bytes)


def _judge(installation: Installation, model_path: ModelPath, fault: str | None, size_bytes: int) -> Finding:
    origin, advice = model_path.origin, pull(installation, options=" --force")
    if fault is None and origin and origin.size_bytes != size_bytes:
        fault = f"has {size_bytes:,} bytes instead of {origin.size_bytes:,}"
    if fault:
        return failed(f"{model_path.path} {fault}", advice)
    if closed_path := closed_to(installation.account, model_path.path, installation.machine.root):
        return failed(
            f"{installation.account.name} may not read {model_path.path}: {closed_path} is closed to it",
            f"`sudo chmod a+rX {closed_path}`",
        )
    saw = f"{model_path.path}, {size(size_bytes)}"
    if origin is None:
        return ok(f"{saw}; for which release it was made is not known, as it was not pulled")
    if installation.release and origin.release != installation.release.version:
        entry = next((f for f in CATALOGUE if (f.model, f.release) == (origin.model, origin.release)), None)
        if entry and fits(entry, CATALOGUE, installation.release.version):
            return warning(
                f"{saw}. {fitting_warning(entry, installation.release.version)}", "See whether the service loads it."
            )
        return failed(
            f"{saw}, is for HailoRT {origin.release}, and {installation.release.version} is installed", advice
        )
    return ok(f"{saw}, for HailoRT {origin.release}; `hailo-vision models verify` compares its hash too")


def pull(installation: Installation, model: str | None = None, options: str = "") -> str:
    """The command for the service's user, who owns the folder; for root where there is no such user."""
    user = f"-u {SERVICE} " if installation.account.name == SERVICE else ""
    return f"`sudo {user}hailo-vision models pull {model or installation.settings.model.name}{options}`"
