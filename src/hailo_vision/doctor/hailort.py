"""Whether HailoRT is of the driver's release, and whether its Python package can be imported."""

from hailo_vision.doctor import driver
from hailo_vision.doctor.finding import Finding, failed, ok, skipped, warning
from hailo_vision.doctor.installation import Installation
from hailo_vision.models.catalogue import release_in

WRITTEN_FOR = ("5.1.1", "5.2.0")


def versions(installation: Installation) -> Finding:
    """The library refuses to work with a driver of another release (status 76)."""
    if not installation.drives_the_chip:
        return skipped(f"the runtime {installation.runtime} has no driver")
    if installation.release is None:
        return skipped("no HailoRT is installed, as far as its packages tell")
    runtime = f"HailoRT {installation.release.version} (says {installation.release.source})"
    module = driver.in_use(driver.loaded(installation.machine))
    if module is None or module.version is None:
        return skipped(f"{runtime}; the driver's version is not known, as none is loaded that tells one")
    saw = f"{runtime}, driver {module.version}"
    if release_in(module.version) != installation.release.version:
        return failed(
            f"{saw}: they must be equal",
            "`sudo apt update && sudo apt full-upgrade`, then reboot, so that the new driver is loaded.",
        )
    if installation.release.version not in WRITTEN_FOR:
        return warning(saw, f"This release is untried: hailo-vision is written for {' and '.join(WRITTEN_FOR)}.")
    return ok(saw)


def bindings(installation: Installation) -> Finding:
    """The import is tried in a child, as native code may crash."""
    if installation.module is None:
        return skipped(f"the runtime {installation.runtime} has none")
    reply = installation.bindings
    if reply.facts is not None:
        return ok(f"{reply.facts.get('module')} {reply.facts.get('version')}")
    return failed(
        reply.trouble.partition(" Install it with")[0],
        "`sudo apt install hailo-h10-all`; a virtual environment sees what that brings only if it was made by the "
        "system's Python with --system-site-packages.",
    )
