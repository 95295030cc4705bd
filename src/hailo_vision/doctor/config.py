"""Whether the configuration is right, and the service's JSON made from the YAML as it is now."""

import os

from hailo_vision.config import load
from hailo_vision.doctor.case import SERVICE, Case
from hailo_vision.doctor.finding import Finding, failed, ok, skipped, warning
from hailo_vision.errors import ConfigError

YAML = "/etc/hailo/hailo-vision.yaml"


def look(case: Case) -> Finding:
    chosen = case.configuration
    if chosen.path is None:
        return ok("no config file, so the defaults hold")
    if chosen.error is not None:
        if os.path.exists(chosen.path) and not os.access(chosen.path, os.R_OK):
            return skipped(
                f"{chosen.path} can't be read by you; the other checks take the defaults",
                "Run `sudo hailo-vision doctor`.",
            )
        problems = "; ".join(map(str, chosen.error.problems))
        return failed(
            f"{chosen.error}: {problems}", f"Correct it, then: hailo-vision check-config {chosen.error.source}"
        )
    if chosen.path == case.rendered:
        return _in_step(case)
    return ok(f"{chosen.path} has no problems")


def _in_step(case: Case) -> Finding:
    path = case.machine.path(YAML)
    if not os.path.lexists(path):
        return ok(f"{case.rendered} has no problems")
    try:
        wanted = load.load(path)
    except ConfigError as error:
        problems = "; ".join(map(str, error.problems))
        return failed(f"{error}: {problems}", f"Correct it, then: hailo-vision check-config {path}")
    if wanted != case.settings:
        return warning(
            f"{path} has changed since {case.rendered} was made from it", f"`sudo systemctl restart {SERVICE}`"
        )
    return ok(f"{path} has no problems, and {case.rendered} is in step with it")
