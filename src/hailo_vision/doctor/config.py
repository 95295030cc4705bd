"""Whether the configuration is right, and the service's JSON made from the YAML as it is now."""

import os

from hailo_vision.config import load
from hailo_vision.doctor import named_files
from hailo_vision.doctor.finding import Finding, failed, ok, skipped, warning
from hailo_vision.doctor.installation import SERVICE, Installation
from hailo_vision.errors import ConfigError

YAML = "/etc/hailo/hailo-vision.yaml"


def look(installation: Installation) -> Finding:
    configuration = installation.configuration
    if configuration.path is None:
        return ok("no config file, so the defaults hold")
    if configuration.error is not None:
        if os.path.exists(configuration.path) and not os.access(configuration.path, os.R_OK):
            return skipped(
                f"{configuration.path} can't be read by you; the other checks take the defaults",
                "Run `sudo hailo-vision doctor`.",
            )
        problems = "; ".join(map(str, configuration.error.problems))
        return failed(
            f"{configuration.error}: {problems}",
            f"Correct it, then: hailo-vision check-config {configuration.error.source}",
        )
    named = named_files.look(configuration.settings, installation.account, installation.machine.root)
    # The remote server's key has a check of its own.
    if wrong := [str(problem) for problem in named.problems if problem.path.startswith("server.")]:
        return failed("; ".join(wrong), f"Correct it, then: hailo-vision check-config {YAML}")
    if configuration.path == installation.rendered:
        return _in_step(installation)
    return ok(f"{configuration.path} has no problems")


def _in_step(installation: Installation) -> Finding:
    path = installation.machine.path(YAML)
    if not os.path.lexists(path):
        return ok(f"{installation.rendered} has no problems")
    try:
        settings = load.load(path)
    except ConfigError as error:
        problems = "; ".join(map(str, error.problems))
        return failed(f"{error}: {problems}", f"Correct it, then: hailo-vision check-config {path}")
    if settings != installation.configuration.settings:
        return warning(
            f"{path} has changed since {installation.rendered} was made from it", f"`sudo systemctl restart {SERVICE}`"
        )
    return ok(f"{path} has no problems, and {installation.rendered} is in step with it")
