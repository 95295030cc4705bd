"""Everything that can go wrong, as one tree. Each error carries its facts and one sentence for a person.

    HailoVisionError
      ConfigError           the operator's file is wrong: every problem at once
        UnusableFile        a file that it names: keys, a certificate
      StartError            the daemon can't start: port, device
      RequestError          the client's request is wrong
        UnknownModel
        NotServed
        UnknownPath
        WrongMethod
        InvalidKey
        Forbidden
        ContextLengthExceeded
        BodyTooLarge
        BodyTooSlow
        UnsupportedMediaType
        MalformedHttp       bytes that are no request, or could be read as two different ones
        HeadTooLarge
        HeadTooSlow
      Refused               not now: try again later
        QueueFull
        RateLimited
        NotReady
        TooManyConnections
        UpstreamBusy        the server behind this one takes no more now
      Expired               its deadline passed
      EngineError           we could not
        DeviceUnavailable   the device, its runtime or the model file is the reason
        WorkerDied          the child that owns the device ended
        WorkerStalled       a phase took longer than its budget
        GenerationFailed    this generation failed, the engine goes on
          AnswerUnfit       the model gave no JSON or call of a tool that fits
      ModelError            a model's file can't be found, fetched, kept or trusted
      WireError             bytes between daemon and worker that are no message

HTTP statuses are not known here: http_api/faults.py gives them.
"""

from dataclasses import dataclass
from enum import StrEnum


class HailoVisionError(Exception):
    """The root: catch it to catch all that this house raises on purpose."""


# The operator's side


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigProblem:
    """One thing that is wrong in a config file: where, what stands there, what would be right.

    `remedy` is text for the file that would be right, of several lines, where there is one.
    """

    path: str
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class ConfigError(HailoVisionError):
    """A config file that can't be used; `problems` holds all that is wrong with it."""

    def __init__(self, source: str, problems: tuple[ConfigProblem, ...]) -> None:
        super().__init__(f"{source} has {len(problems)} problem{'s' if len(problems) != 1 else ''}")
        self.source = source
        self.problems = problems


class UnusableFile(ConfigError):
    """A file that the configuration names can't be used. No problem quotes what it holds: that may be secret."""


class StartError(HailoVisionError):
    """The daemon can't start, and starting it again without a change would not help."""


# The client's side


class RequestError(HailoVisionError):
    """A request that is wrong in itself.

    `param` is the path of the field (`messages[0].content[1].image_url.url`), `code` a stable word for programs.
    """

    def __init__(self, message: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.param = param
        self.code = code


class UnknownModel(RequestError):
    def __init__(self, model: str, served: str) -> None:
        super().__init__(
            f"The model {model!r} does not exist here; this server has {served!r}.",
            param="model",
            code="model_not_found",
        )


class NotServed(RequestError):
    """An address of the protocol that is known here, where there is nothing and will not be; the message says why."""


class UnknownPath(RequestError):
    """Nothing is served at this path; `near` is a method and a path that may have been meant."""

    def __init__(self, path: str, near: str) -> None:
        super().__init__(
            f"There is nothing at {path[:200]}. Try {near}; GET /docs shows all there is.", code="unknown_url"
        )


class WrongMethod(RequestError):
    def __init__(self, method: str, path: str, allowed: str) -> None:
        message = f"{method[:20]} is not allowed at {path[:200]}; allowed is {allowed}."
        super().__init__(message, code="method_not_allowed")
        self.allowed = allowed


class InvalidKey(RequestError):
    """The request has no API key, or none that this server knows."""

    def __init__(self, *, was_sent: bool) -> None:
        why = "The API key is not one of this server's." if was_sent else "This server asks for an API key."
        super().__init__(
            f"{why} Send yours as `Authorization: Bearer KEY` or `X-Api-Key: KEY`.", code="invalid_api_key"
        )


class Forbidden(RequestError):
    """The request may come from a web page that has no business here, or wants what the operator does not allow."""


class ContextLengthExceeded(RequestError):
    """The prompt leaves no room for an answer in the model's context."""

    def __init__(self, *, prompt_tokens: int, context_tokens: int) -> None:
        super().__init__(
            # It begins as OpenAI's does: LiteLLM and others tell the error by these words.
            f"This model's maximum context length is {context_tokens} tokens, and the prompt has {prompt_tokens}, "
            "with pictures, tools and schema. Shorten it, or send fewer pictures.",
            param="messages",
            code="context_length_exceeded",
        )
        self.prompt_tokens = prompt_tokens
        self.context_tokens = context_tokens


class BodyTooLarge(RequestError):
    def __init__(self, limit_bytes: int) -> None:
        super().__init__(
            f"The request body is larger than the {limit_bytes / 1e6:g} MB that this server takes. "
            "Send smaller pictures, or raise server.max_body_mb.",
            code="request_too_large",
        )
        self.limit_bytes = limit_bytes


class BodyTooSlow(RequestError):
    def __init__(self, within_s: float) -> None:
        super().__init__(f"The request body did not arrive within {within_s:g} s.", code="request_timeout")
        self.within_s = within_s


class UnsupportedMediaType(RequestError):
    """The body is not what this route reads."""


class ModelPinned(RequestError):
    """Somebody wants the model unloaded, and the operator does not."""

    def __init__(self) -> None:
        super().__init__("The model stays loaded on this server (model.pinned).", code="model_pinned")


class MalformedHttp(RequestError):
    """Bytes that are no HTTP/1.1 request, or that two readers could understand in two ways."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="malformed_http")


class HeadTooLarge(RequestError):
    def __init__(self, most: str) -> None:
        super().__init__(f"The head of the request has more than {most}.", code="head_too_large")


class HeadTooSlow(RequestError):
    def __init__(self, within_s: float) -> None:
        super().__init__(f"The head of the request did not arrive within {within_s:g} s.", code="request_timeout")
        self.within_s = within_s


class Refused(HailoVisionError):
    """Nothing is wrong with the request, but it can't be taken now."""

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class QueueFull(Refused):
    def __init__(self, *, depth: int, retry_after_s: float) -> None:
        super().__init__(f"The queue is full: {depth} requests are waiting.", retry_after_s=retry_after_s)
        self.depth = depth


class TooBusy(Refused):
    """The answer would not be ready by its deadline; said before any work was done for it."""

    def __init__(self, *, wait_s: float, deadline_s: float, retry_after_s: float) -> None:
        super().__init__(
            f"The wait is about {wait_s:.0f} s now, too long for an answer within the time limit of {deadline_s:g} s.",
            retry_after_s=retry_after_s,
        )
        self.wait_s = wait_s
        self.deadline_s = deadline_s


class RateLimited(Refused):
    """One client asked for more in a minute than the operator lets it have."""

    def __init__(self, *, per_minute: int, what: str, retry_after_s: float) -> None:
        message = f"The limit of {per_minute} {what} a minute for one client is reached."
        super().__init__(message, retry_after_s=retry_after_s)
        self.per_minute = per_minute


class Unready(StrEnum):
    """Why no request would be taken now."""

    LOADING = "loading"
    DRAINING = "draining"
    DEVICE_UNAVAILABLE = "device_unavailable"


class NotReady(Refused):
    def __init__(self, reason: Unready, message: str, *, retry_after_s: float) -> None:
        super().__init__(message, retry_after_s=retry_after_s)
        self.reason = reason


class TooManyConnections(Refused):
    def __init__(self, limit: int) -> None:
        super().__init__(f"All {limit} connections of this server are in use. Try again soon.", retry_after_s=2)
        self.limit = limit


class UpstreamBusy(Refused):
    """The engine is somebody's server, and that one takes no more work now."""

    def __init__(self, name: str, *, retry_after_s: float) -> None:
        super().__init__(f"{name} takes no more work now.", retry_after_s=retry_after_s)


class Expired(HailoVisionError):
    """The deadline of a job passed, while it waited or while it ran."""

    def __init__(self, *, deadline_s: float, running: bool) -> None:
        where = "before the answer was complete" if running else "while the request waited for its turn"
        super().__init__(f"The time limit of {deadline_s:g} s passed {where}.")
        self.deadline_s = deadline_s
        self.running = running


class SlowReader(HailoVisionError):
    """The client takes its answer in so slowly that no more of it is kept for it."""

    def __init__(self, pieces_behind: int) -> None:
        super().__init__(f"The answer was given up: the client was {pieces_behind} pieces behind.")
        self.pieces_behind = pieces_behind


# Our side


class EngineError(HailoVisionError):
    """The engine could not do it."""


class DeviceFault(StrEnum):
    """What is wrong with the device, in words that a log filter can match."""

    NO_DEVICE = "no_device"
    DEVICE_BUSY = "device_busy"
    NO_PERMISSION = "no_permission"
    SHUT_OUT = "shut_out"
    DRIVER_MISMATCH = "driver_mismatch"
    RUNTIME_MISSING = "runtime_missing"
    MODEL_MISSING = "model_missing"
    MODEL_INVALID = "model_invalid"
    OUT_OF_MEMORY = "out_of_memory"
    DEVICE_LOST = "device_lost"
    FAILED = "failed"

    @property
    def is_permanent(self) -> bool:
        """True where trying again changes nothing until a person has done something."""
        return self in _PERMANENT


_PERMANENT = frozenset(
    {
        DeviceFault.DRIVER_MISMATCH,
        DeviceFault.RUNTIME_MISSING,
        DeviceFault.MODEL_MISSING,
        DeviceFault.MODEL_INVALID,
    }
)


class DeviceUnavailable(EngineError):
    """The device can't be used. `status` is HailoRT's number where it gave one."""

    def __init__(self, fault: DeviceFault, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.fault = fault
        self.status = status


class WorkerDied(EngineError):
    """The worker process ended without being asked to; a negative `returncode` is the signal that ended it."""

    def __init__(self, returncode: int) -> None:
        how = f"signal {-returncode}" if returncode < 0 else f"exit code {returncode}"
        super().__init__(f"The process that owns the device ended ({how}).")
        self.returncode = returncode


class WorkerStalled(EngineError):
    """The worker did not do in time what the phase allows it; it was killed."""

    def __init__(self, phase: str, budget_s: float) -> None:
        super().__init__(f"The device gave no sign for {budget_s:g} s ({phase}).")
        self.phase = phase
        self.budget_s = budget_s


class GenerationFailed(EngineError):
    """One generation failed; the next one may be asked for."""


class AnswerUnfit(GenerationFailed):
    """The model did not give what was demanded of it, though it was told what was wrong; `code` says what it was."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class ModelFault(StrEnum):
    """What is wrong with a model's file, in words that a program can match."""

    UNKNOWN_MODEL = "unknown_model"
    UNKNOWN_RELEASE = "unknown_release"
    NOT_ON_DISK = "not_on_disk"
    IN_THE_WAY = "in_the_way"
    BUSY = "busy"
    NO_PERMISSION = "no_permission"
    DISK_FULL = "disk_full"
    DISK_FAILED = "disk_failed"
    REFUSED = "refused"
    BROKEN_OFF = "broken_off"
    WRONG_FILE = "wrong_file"


class ModelError(HailoVisionError):
    """A model's file can't be found, fetched, kept or trusted."""

    def __init__(self, fault: ModelFault, message: str) -> None:
        super().__init__(message)
        self.fault = fault


class WireError(HailoVisionError):
    """Bytes between daemon and worker that are no message: a bug on one side, or memory gone bad."""
