"""Which engine answers, why this one, and which one steps in for it."""

import os

from hailo_vision.doctor.case import Case
from hailo_vision.doctor.files import AS_ROOT
from hailo_vision.doctor.finding import Finding, ok, skipped, warning


def look(case: Case) -> Finding:
    wanted, choice = case.settings.device.runtime, case.choice
    saw = (
        f"{choice.runtime}, as {choice.reason}" if wanted != "auto" else f"auto takes {choice.runtime}: {choice.reason}"
    )
    saw += _second(case)
    if wanted != "auto" or choice.runtime != "simulated":
        return ok(saw)
    if _is_hidden(case):
        return skipped(f"whether auto takes llama can't be told by you: {case.settings.llama.model} is closed", AS_ROOT)
    return warning(
        f"{saw}. The simulator has no model: its answers are no model's",
        "Have the chip found (`hailo-vision doctor` with device.runtime: hailo says what is missing), or put a model "
        "where llama.model says.",
    )


def pictures(case: Case) -> Finding:
    """What becomes of a picture that the preferred engine can't look at, where the fallback is a remote server."""
    if case.settings.routing.send_pictures_away:
        return ok("what holds a picture may go to the remote server too (routing.send_pictures_away)")
    return ok(
        f"what holds a picture stays here: it is refused where {case.runtime} can't answer, and only words go to the "
        "remote server",
        "To let pictures leave this machine, set routing.send_pictures_away to true.",
    )


def _second(case: Case) -> str:
    fallback = case.settings.routing.fallback
    if fallback == "none":
        return ""
    if case.fallback is None:
        return f"; routing.fallback is {fallback} too, so nothing steps in for it"
    return f"; {fallback} steps in where it can't answer (routing.fallback)"


def _is_hidden(case: Case) -> bool:
    """Whether the one who looks is not let see what the service may see."""
    try:
        os.stat(case.machine.path(case.settings.llama.model))
    except OSError as error:
        return isinstance(error, PermissionError)
    return False
