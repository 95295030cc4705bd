"""The messages between daemon and worker, and a codec without I/O: bytes in, typed values out.

    down   Load, Generate, Abort, Quit
    up     Hello, Loaded, Token, Finished, Failed

A worker says Hello once, before it touches the device. Only Loaded, Finished and Failed mean "ready for more";
an end of the stream without one of them is death. A Failed with `fatal` is the worker's last word.

On the wire a message is two big-endian 32-bit lengths, a JSON header and a body of raw bytes. Only Generate has a
body: the pixels of its frames, one after the other. Each field is checked against its annotation (wire_types.py).
"""

import json
import struct
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from hailo_vision.chat import FinishReason, Frame, Generation, LoadedModel, Role, Sampling, Text, Turn, Usage
from hailo_vision.errors import (
    ContextLengthExceeded,
    DeviceFault,
    DeviceUnavailable,
    GenerationFailed,
    HailoVisionError,
    WireError,
)
from hailo_vision.wire_types import MAX_NUMBER, MAX_TEXT_CHARS, TO_WORKER, build, exactly, typed


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Load this model through this runtime: the name of a module, the vendor's or one that stands in for it.

    For `patience_s` the worker tries again where the chip is still held by a process that is on its way out.
    `reuses_context` lets it send only the new turn of a conversation that the device still holds.
    """

    runtime: str
    hef: str
    device: str
    group_id: str
    patience_s: float
    reuses_context: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Generate:
    job: int
    generation: Generation


@dataclass(frozen=True, slots=True, kw_only=True)
class Abort:
    """End this job soon. Its Finished still comes; for a job that has ended it means nothing."""

    job: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Quit:
    """Release the device and leave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    model: LoadedModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """Text of the next token or tokens of a job, stop strings and special tokens already taken out."""

    job: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A job has ended; `reason` is None when it was aborted, `stop` the stop string that ended it, if one did.

    Seconds are the worker's own clock.
    """

    job: int
    reason: FinishReason | None
    usage: Usage
    prefill_s: float
    decode_s: float
    stop: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A job failed, or with `job` None the load did. After `fatal` the worker ends itself."""

    job: int | None
    error: HailoVisionError
    fatal: bool


Down = Load | Generate | Abort | Quit
Up = Hello | Loaded | Token | Finished | Failed
Message = Down | Up

_LENGTHS = struct.Struct(">II")
_quoted = json.encoder.encode_basestring_ascii
MAX_HEADER_BYTES = 8 << 20
MAX_BODY_BYTES = 64 << 20
MAX_JOB_S = 86_400.0  # no generation takes a day


def encode(message: Message) -> bytes:
    """One message as bytes, ready for the socket."""
    if isinstance(message, Token):  # one for each token of an answer, so its JSON is written out
        head, body = b'{"job":%d,"text":%b,"type":"Token"}' % (message.job, _quoted(message.text).encode("ascii")), b""
    else:
        header, body = _header(message)
        head = json.dumps(header | {"type": type(message).__name__}).encode("ascii")
    if len(head) > MAX_HEADER_BYTES or len(body) > MAX_BODY_BYTES:
        raise WireError(f"a {type(message).__name__} of {len(head)} + {len(body)} bytes is too large")
    return b"".join((_LENGTHS.pack(len(head), len(body)), head, body))


def _header(message: Message) -> tuple[dict[str, Any], bytes]:
    match message:
        case Generate():
            header, body = _generation_to_json(message.generation)
            return header | {"job": message.job}, body
        case Failed():
            return {"job": message.job, "error": _error_to_json(message.error), "fatal": message.fatal}, b""
        case _:
            return asdict(message), b""


class Decoder:
    """Bytes as they come from the socket, in any slices; messages as they become complete."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def pending_bytes(self) -> int:
        """Bytes of a message that is not complete yet."""
        return len(self._buffer)

    def feed(self, data: bytes) -> Iterator[Message]:
        """Take in bytes; raises WireError on anything that is no message, after which the decoder is of no use."""
        self._buffer += data
        while len(self._buffer) >= _LENGTHS.size:
            head_length, body_length = _LENGTHS.unpack_from(self._buffer)
            if head_length > MAX_HEADER_BYTES or body_length > MAX_BODY_BYTES:
                raise WireError(f"a message of {head_length} + {body_length} bytes is too large")
            start, end = _LENGTHS.size + head_length, _LENGTHS.size + head_length + body_length
            if len(self._buffer) < end:
                return
            with memoryview(self._buffer) as view:  # a slice of the buffer itself would copy the pixels twice
                head, body = bytes(view[_LENGTHS.size : start]), bytes(view[start:end])
            del self._buffer[:end]
            yield _decode(head, body)


def _decode(head: bytes, body: bytes) -> Message:
    try:
        header = json.loads(head.decode("ascii"))
        message = _message(header.pop("type"), header, body)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise WireError(f"a message that can't be read: {type(error).__name__}") from error
    if body and not isinstance(message, Generate):
        raise WireError(f"a {type(message).__name__} with a body")
    return message


def _message(kind: str, header: dict[str, Any], body: bytes) -> Message:
    match kind:
        case "Token":  # one for each token of an answer, so it is checked by hand
            job, text = header.pop("job"), header.pop("text")
            is_token = type(job) is int and 0 <= job <= MAX_NUMBER and type(text) is str and not header
            if not is_token or len(text) > MAX_TEXT_CHARS:
                raise WireError("no Token")
            return Token(job=job, text=text)
        case "Generate":
            return Generate(job=typed(int, header["job"], "job"), generation=_generation_from_json(header, body))
        case "Finished":
            return _finished(header)
        case "Failed":
            exactly(header, "job", "error", "fatal")
            return Failed(
                job=typed(int | None, header["job"], "job"),
                error=_error_from_json(header["error"]),
                fatal=typed(bool, header["fatal"], "fatal"),
            )
        case "Loaded":
            return _loaded(header)
        case "Load":
            return build(Load, header, TO_WORKER)
        case "Abort":
            return build(Abort, header)
        case "Quit":
            return build(Quit, header)
        case "Hello":
            return build(Hello, header)
    raise WireError(f"an unknown message: {kind[:40]!r}")


def _finished(header: dict[str, Any]) -> Finished:
    """An end whose times can be: those of later jobs are estimated from them."""
    finished = build(Finished, header)
    if max(finished.prefill_s, finished.decode_s) > MAX_JOB_S:
        raise WireError("a job of impossible length")
    return finished


def _loaded(header: dict[str, Any]) -> Loaded:
    """A model whose frames fit into a message, as buffers of their size are made, and whose context holds anything."""
    loaded = build(Loaded, header)
    model = loaded.model
    if not 0 < model.frame_width_px * model.frame_height_px * 3 <= MAX_BODY_BYTES or model.context_tokens < 1:
        raise WireError("a model of impossible sizes")
    return loaded


def _generation_to_json(generation: Generation) -> tuple[dict[str, Any], bytes]:
    frames = [part for turn in generation.turns for part in turn.parts if isinstance(part, Frame)]
    header = {
        "turns": [
            {"role": turn.role, "parts": [_part_to_json(part) for part in turn.parts]} for turn in generation.turns
        ],
        "sampling": asdict(generation.sampling),
        "max_tokens": generation.max_tokens,
        "stop": generation.stop,
        "deadline": generation.deadline,
        "client": generation.client,
    }
    return header, b"".join(frame.pixels for frame in frames)


def _part_to_json(part: object) -> str | list[int]:
    match part:
        case Text(text=text):
            return text
        case Frame(width_px=width_px, height_px=height_px):
            return [width_px, height_px]
    raise WireError(f"a {type(part).__name__} in a turn: `answers` makes words of it before it gets here")


def _generation_from_json(header: dict[str, Any], body: bytes) -> Generation:
    position = 0
    turns: list[Turn[Frame]] = []
    for turn in header["turns"]:
        parts: list[Text | Frame] = []
        for part in turn["parts"]:
            if isinstance(part, str):
                parts.append(Text(text=part))
                continue
            width_px, height_px = _size(part)
            end = position + width_px * height_px * 3
            parts.append(Frame(width_px=width_px, height_px=height_px, pixels=body[position:end]))
            position = end
        turns.append(Turn(role=typed(Role, turn["role"], "role"), parts=tuple(parts)))
    if position != len(body):
        raise WireError("a body with more pixels than its frames have")
    return Generation(
        turns=tuple(turns),
        sampling=build(Sampling, header["sampling"], TO_WORKER),
        max_tokens=typed(int, header["max_tokens"], "max_tokens", TO_WORKER),
        stop=typed(tuple[str, ...], header["stop"], "stop", TO_WORKER),
        deadline=typed(float | None, header["deadline"], "deadline", TO_WORKER),
        client=typed(str | None, header["client"], "client", TO_WORKER),
    )


def _size(part: object) -> tuple[int, int]:
    """Width and height of a frame: whole numbers, as a list times a number would be a list of that many."""
    match part:
        case [width_px, height_px]:
            return typed(int, width_px, "width_px"), typed(int, height_px, "height_px")
    raise WireError("a frame without a size")


def _error_to_json(error: HailoVisionError) -> dict[str, Any]:
    match error:
        case ContextLengthExceeded():
            facts = {"prompt_tokens": error.prompt_tokens, "context_tokens": error.context_tokens}
            return {"kind": "context", **facts}
        case DeviceUnavailable():
            return {
                "kind": "device",
                "fault": error.fault,
                "message": str(error)[:MAX_TEXT_CHARS],
                "status": error.status,
                "is_untouched": error.is_untouched,
            }
        case _:
            return {"kind": "generation", "message": str(error)[:MAX_TEXT_CHARS]}


def _error_from_json(facts: dict[str, Any]) -> HailoVisionError:
    kind = facts["kind"]
    match kind:
        case "context":
            exactly(facts, "kind", "prompt_tokens", "context_tokens")
            return ContextLengthExceeded(
                prompt_tokens=typed(int, facts["prompt_tokens"], "prompt_tokens"),
                context_tokens=typed(int, facts["context_tokens"], "context_tokens"),
            )
        case "device":
            exactly(facts, "kind", "fault", "message", "status", "is_untouched")
            return DeviceUnavailable(
                typed(DeviceFault, facts["fault"], "fault"),
                typed(str, facts["message"], "message"),
                status=typed(int | None, facts["status"], "status"),
                is_untouched=typed(bool, facts["is_untouched"], "is_untouched"),
            )
        case "generation":
            exactly(facts, "kind", "message")
            return GenerationFailed(typed(str, facts["message"], "message"))
    raise WireError(f"an unknown error: {kind!r:.40}")
