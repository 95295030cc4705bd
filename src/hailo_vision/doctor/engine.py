"""Which engine answers, why that engine, and which fallback takes over."""

import os

from hailo_vision.doctor.files import AS_ROOT
from hailo_vision.doctor.finding import Finding, ok, skipped, warning
from hailo_vision.doctor.installation import Installation


def look(installation: Installation) -> Finding:
    setting, choice = installation.settings.device.runtime, installation.choice
    saw = (
        f"{choice.runtime}, as {choice.reason}"
        if setting != "auto"
        else f"auto takes {choice.runtime}: {choice.reason}"
    )
    saw += _second(installation)
    if setting != "auto" or choice.runtime != "simulated":
        return ok(saw)
    if _is_hidden(installation):
        return skipped(
            f"you have no permission to see whether auto takes llama: {installation.settings.llama.model} is closed",
            AS_ROOT,
        )
    return warning(
        f"{saw}. The simulator has no model: it only describes what it measures in the pixels",
        "Have the chip found (`hailo-vision doctor` with device.runtime: hailo says what is missing), or put a model "
        "where llama.model says.",
    )


def pictures(installation: Installation) -> Finding:
    """Whether requests with pictures may go to the fallback, if that is a remote server."""
    if installation.settings.routing.send_pictures_away:
        return ok("requests with pictures may go to the remote server too (routing.send_pictures_away)")
    return ok(
        f"requests with pictures stay here: they are refused where {installation.runtime} can't answer, and only "
        "text goes to the remote server",
        "To let pictures leave this machine, set routing.send_pictures_away to true.",
    )


def _second(installation: Installation) -> str:
    fallback = installation.settings.routing.fallback
    if fallback == "none":
        return ""
    if installation.fallback is None:
        return f"; routing.fallback is {fallback} too, so nothing steps in for it"
    return f"; {fallback} steps in where it can't answer (routing.fallback)"


def _is_hidden(installation: Installation) -> bool:
    """Whether the user that runs the doctor lacks the permission to see the model."""
    try:
        os.stat(installation.machine.path(installation.settings.llama.model))
    except OSError as error:
        return isinstance(error, PermissionError)
    return False
