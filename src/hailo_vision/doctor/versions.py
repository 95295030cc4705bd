"""Whether driver and HailoRT are of one release: the library refuses to work with another driver (status 76)."""

from hailo_vision.doctor import driver
from hailo_vision.doctor.case import Case
from hailo_vision.doctor.finding import Finding, failed, ok, skipped, warning
from hailo_vision.models.catalogue import release_in

WRITTEN_FOR = ("5.1.1", "5.2.0")


def look(case: Case) -> Finding:
    if not case.drives_the_chip:
        return skipped(f"the runtime {case.runtime} has no driver")
    if case.release is None:
        return skipped("no HailoRT is installed, as far as its packages tell")
    runtime = f"HailoRT {case.release.version} (says {case.release.source})"
    module = driver.in_use(driver.loaded(case.machine))
    if module is None or module.version is None:
        return skipped(f"{runtime}; the driver's version is not known, as none is loaded that tells one")
    saw = f"{runtime}, driver {module.version}"
    if release_in(module.version) != case.release.version:
        return failed(
            f"{saw}: they must be equal",
            "`sudo apt update && sudo apt full-upgrade`, then reboot, so that the new driver is loaded.",
        )
    if case.release.version not in WRITTEN_FOR:
        return warning(saw, f"This release is untried: hailo-vision is written for {' and '.join(WRITTEN_FOR)}.")
    return ok(saw)
