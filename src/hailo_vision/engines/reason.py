"""Why an engine had to begin anew, in a word of a bounded set: what a metric can have as its label. Pure."""

from hailo_vision.errors import DeviceUnavailable, EngineError, WorkerStalled


def reason(error: EngineError) -> str:
    """A fault of the device, the phase that something was stuck in, or `died`."""
    match error:
        case DeviceUnavailable():
            return error.fault.value
        case WorkerStalled():
            return f"stalled_in_{error.phase}"
        case _:
            return "died"
