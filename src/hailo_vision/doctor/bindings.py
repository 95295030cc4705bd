"""Whether HailoRT's Python package can be imported, tried in a child, as native code may crash."""

from hailo_vision.doctor.case import Case
from hailo_vision.doctor.finding import Finding, failed, ok, skipped


def look(case: Case) -> Finding:
    if case.module is None:
        return skipped(f"the runtime {case.runtime} has none")
    told = case.bindings
    if told.facts is not None:
        return ok(f"{told.facts.get('module')} {told.facts.get('version')}")
    return failed(
        told.trouble.partition(" Install it with")[0],
        "`sudo apt install hailo-h10-all`; a virtual environment sees what that brings only if it was made by the "
        "system's Python with --system-site-packages.",
    )
