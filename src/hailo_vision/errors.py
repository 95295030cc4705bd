"""Everything that can go wrong, as one tree. Each error carries its facts and one sentence for a person.

    HailoVisionError
      ConfigError           the operator's file is wrong: every problem at once
        UnusableFile        a file that it names: keys, a certificate
      StartError            the daemon can't start: port, key of a remote server
        NoDevice            there is no chip
      RequestError          the client's request is wrong
        ConversationError   all of its conversation together is, and no single field
          PromptTooLong     it can't fit into the model's context
            ContextLengthExceeded   it was counted
        InvalidSchema       a JSON Schema that can't be used
        UnusableImage       a picture that can't be used
        UnknownModel        no model of that name is served
        PicturesStayHere    a model on another machine was asked about pictures, which may not be sent there
        UpstreamRejected    the server behind this one does not take it
        ModelPinned         it wants a model unloaded that stays loaded
        ...                 what HTTP adds, in http_api/web/http_errors.py
      Refused               not now: try again later
        QueueFull
        TooBusy             the answer would come after its deadline
        NotReady
        OutOfMemory         the machine has no memory left for this request
        UpstreamBusy        the server behind this one takes no more now
        ...                 what HTTP adds, in the same place
      Expired               its deadline passed
      SlowReader            its client does not read the answer
      EngineError           we could not
        DeviceUnavailable   the device, its runtime or the model file is the reason
        WorkerDied          the child that owns the device ended
        WorkerStalled       a phase took longer than its budget
        GenerationFailed    this generation failed, the engine goes on
          AnswerUnfit       the model gave no structured output or tool call that fits
      ModelError            a model's file can't be found, fetched, kept or trusted
      WireError             bytes between daemon and worker that are no message

No surface is known here: HTTP statuses and OpenAI's codes are in http_api/web/faults.py.
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


class NoDevice(StartError):
    """The chip's device node does not exist. Its udev rule starts the service when it appears."""


# The client's side


class RequestError(HailoVisionError):
    """A request that is wrong in itself.

    `param` is the path of the field that is wrong, as the surface spells it that has parsed the request
    (`messages[0].content[1].image_url.url`); None where no single field is.
    """

    def __init__(self, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


class ConversationError(RequestError):
    """All of the conversation is wrong together: each surface has a field of its own for that."""

    def __init__(self, message: str) -> None:
        super().__init__(message)


class PromptTooLong(ConversationError):
    """The prompt leaves no room for an answer in the model's context."""


class ContextLengthExceeded(PromptTooLong):
    """The same, with the tokens counted."""

    def __init__(self, *, prompt_tokens: int, context_tokens: int) -> None:
        super().__init__(
            # It begins as OpenAI's does: LiteLLM and others tell the error by these words.
            f"This model's maximum context length is {context_tokens} tokens, and the prompt has {prompt_tokens}, "
            "with pictures, tools and schema. Shorten it, or send fewer pictures."
        )
        self.prompt_tokens = prompt_tokens
        self.context_tokens = context_tokens


class InvalidSchema(RequestError):
    """A JSON Schema can't be used; the message says why."""

    def __init__(self, reason: str, *, param: str) -> None:
        super().__init__(f"{param} can't be used as a JSON Schema: {reason}.", param=param)


class ImageFault(StrEnum):
    """What is wrong with a picture, in words that a program can match."""

    EMPTY = "empty"
    BAD_ADDRESS = "bad_address"
    BAD_BASE64 = "bad_base64"
    NOT_FETCHED = "not_fetched"
    NO_IMAGE = "no_image"
    UNSUPPORTED_FORMAT = "unsupported_format"
    UNREADABLE = "unreadable"
    FILE_TOO_LARGE = "file_too_large"
    TOO_LARGE = "too_large"
    TOO_SMALL = "too_small"


class UnusableImage(RequestError):
    """A picture can't be used; the message says which of the request's pictures, and why."""

    def __init__(self, fault: ImageFault, message: str, *, param: str) -> None:
        super().__init__(message, param=param)
        self.fault = fault


class UnknownModel(RequestError):
    """No model of this name is served. `message` says it in the words by which a surface's clients know it."""

    def __init__(self, model: str, served: str, *, message: str | None = None) -> None:
        super().__init__(message or f"The model {model!r} does not exist here; this server has {served!r}.")
        self.model = model
        self.served = served


class PicturesStayHere(RequestError):
    """The model runs on another machine, to which the operator lets no pictures be sent."""

    def __init__(self, model: str) -> None:
        super().__init__(f"The model {model!r} is not on this machine, and no pictures are sent away from it.")
        self.model = model


class UpstreamRejected(RequestError):
    """The engine is somebody's server, and that one finds the request wrong."""

    def __init__(self, name: str, *, reason: str = "") -> None:
        super().__init__(f"{name} does not take this request{': ' if reason else '.'}{reason}")
        self.name = name


class ModelPinned(RequestError):
    """A client wants the model unloaded, and the operator wants it to stay."""

    def __init__(self) -> None:
        super().__init__("The model stays loaded on this server (model.pinned).")


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

    def __init__(self, *, wait_s: float, deadline_s: float, retry_after_s: float, is_remembered: bool = False) -> None:
        basis = ", by what jobs took before the restart" if is_remembered else ""
        super().__init__(
            f"The wait is about {wait_s:.0f} s now{basis}, too long for an answer within the time limit of "
            f"{deadline_s:g} s.",
            retry_after_s=retry_after_s,
        )
        self.wait_s = wait_s
        self.deadline_s = deadline_s


class Unready(StrEnum):
    """Why no request would be taken now."""

    LOADING = "loading"
    DRAINING = "draining"
    DEVICE_UNAVAILABLE = "device_unavailable"


class NotReady(Refused):
    def __init__(self, reason: Unready, message: str, *, retry_after_s: float) -> None:
        super().__init__(message, retry_after_s=retry_after_s)
        self.reason = reason


class OutOfMemory(Refused):
    """An allocation failed (MemoryError): the request is given up, and the daemon goes on."""

    def __init__(self, *, retry_after_s: float) -> None:
        super().__init__(
            "There is not enough memory for this request now. Send fewer or smaller pictures, or try again later.",
            retry_after_s=retry_after_s,
        )


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
    """The device can't be used. `status` is HailoRT's number where it gave one.

    `is_untouched` where nothing of the generation had reached the device: the next worker can be asked for it.
    """

    def __init__(
        self, fault: DeviceFault, message: str, *, status: int | None = None, is_untouched: bool = False
    ) -> None:
        super().__init__(message)
        self.fault = fault
        self.status = status
        self.is_untouched = is_untouched


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


class Expected(StrEnum):
    """What an answer has to be beyond text."""

    JSON = "JSON that fits"
    TOOL_CALL = "a valid tool call"


class AnswerUnfit(GenerationFailed):
    """The model did not give what the request requires, though it was told after each attempt what was wrong."""

    def __init__(self, expected: Expected, *, attempts: int, problem: str) -> None:
        tries = "1 try" if attempts == 1 else f"{attempts} tries"
        super().__init__(f"The model did not give {expected} in {tries}: {problem}.")
        self.expected = expected
        self.attempts = attempts
        self.problem = problem


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
