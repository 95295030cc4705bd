"""The nouns: what a request, a picture and an answer are, wherever they are in the house."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, Literal, TypeVar

Role = Literal["system", "user", "assistant"]
Detail = Literal["auto", "low", "high"]
Fit = Literal["pad", "stretch", "crop"]
ToolChoice = Literal["none", "auto", "required"]  # a named choice is "required" with that tool alone


class FinishReason(StrEnum):
    """Why an answer ended: in OpenAI's words, but for the deadline, which clients are shown as `length`."""

    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"
    DEADLINE = "deadline"


class Priority(StrEnum):
    """Batch work runs when nobody interactive waits."""

    INTERACTIVE = "interactive"
    BATCH = "batch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks: the name of an API key, else an address. Turns at the engine are shared between callers.

    `arrived_at` is when the request came in, on the event loop's clock in seconds. `waits_for_load` is whether it waits
    while the model loads at the start, where the operator leaves that to its dialect.
    """

    client: str
    arrived_at: float
    priority: Priority = Priority.INTERACTIVE
    waits_for_load: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Words in a turn."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRef:
    """A picture as the client sent it: a data URI or an http(s) address, and where in the request it stood.

    `file` is the picture itself where it came as a file; there is no url then. `detail` high asks for more than one
    frame; `fit` is the way into the model's shape, None is the operator's.
    """

    url: str
    param: str
    detail: Detail = "auto"
    fit: Fit | None = None
    file: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A picture in the model's shape: `height_px` rows of `width_px` RGB pixels, one byte a channel, no padding."""

    width_px: int
    height_px: int
    pixels: bytes

    def __post_init__(self) -> None:
        if len(self.pixels) != self.width_px * self.height_px * 3:
            raise ValueError(f"{len(self.pixels)} bytes are no {self.width_px} x {self.height_px} RGB frame")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A function that the client offers; `parameters` is the JSON Schema of the object that it takes.

    `param` is where that schema stood in the request, for what is wrong with it.
    """

    name: str
    description: str
    parameters: dict[str, Any]
    strict: bool = False
    param: str = field(default="tools", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """The model wants a tool called; `arguments` is JSON text."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """What a tool that was called gave back."""

    call_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonFormat:
    """The answer is to be JSON that fits this schema; without one, any JSON object. `param` is as in a Tool."""

    schema: dict[str, Any] | None
    name: str = ""
    param: str = field(default="response_format", compare=False)


Picture = TypeVar("Picture", ImageRef, Frame)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn(Generic[Picture]):
    """One message of a conversation: words and pictures in the order in which they were sent.

    `Turn[ImageRef]` is a turn as it was asked, `Turn[Frame]` one whose pictures are ready for the model. A picture
    stands where it belongs, so the number of frames and of their places in the prompt cannot differ. An assistant's
    turn can hold ToolCalls and a user's ToolResults; for an engine without tools `generate` makes words of them.
    """

    role: Role
    parts: tuple[Text | ToolCall | ToolResult | Picture, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How the next token is chosen, in OpenAI's meaning; None is the model's own way.

    temperature 0 is greedy; `repetition_penalty` is multiplicative, 1.0 or None is off; `seed` is any integer.
    """

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    repetition_penalty: float | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Penalties:
    """What makes tokens rarer or likelier, in OpenAI's meaning; only for an engine that can. 0 is off."""

    frequency: float = 0.0
    presence: float = 0.0
    logit_bias: tuple[tuple[int, float], ...] = ()


# The names of the fields of Capabilities, as an operator writes them.
Capability = Literal["grammar", "tools", "logprobs", "penalties"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What an engine does by its own means, beyond words: what it can't is emulated by `generate`, or refused.

    grammar      no token is sampled that would not fit the JSON format
    tools        the model's own template has tools, and calls are told apart from words
    logprobs     each token's log probability and its rivals'
    penalties    frequency and presence penalties and a logit bias
    """

    grammar: bool = False
    tools: bool = False
    logprobs: bool = False
    penalties: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reductions:
    """What may be left out of a request that is too large, so that it is answered all the same: some of its pictures,
    where it has too many, and its oldest turns, where the model's context does not hold all.
    """

    pictures: bool = False
    turns: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """What a client asked, checked and complete, before any picture was looked at."""

    model: str
    turns: tuple[Turn[ImageRef], ...]
    sampling: Sampling
    max_tokens: int
    stop: tuple[str, ...] = ()
    stream: bool = False
    include_usage: bool = False
    n: int = 1
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = "auto"
    parallel_tool_calls: bool = True
    format: JsonFormat | None = None
    logprobs: int | None = None  # how many rivals of each token are shown with it
    penalties: Penalties | None = None
    reductions: Reductions = field(default_factory=Reductions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """What an engine is asked to do: a conversation with its frames, and the bounds of the answer.

    The answer ends at the model's own end, at `max_tokens` (at least 1) or before the first of the `stop` strings,
    which never appear in it, whichever comes first; and between two tokens once the `deadline` has passed. That is a
    point on CLOCK_MONOTONIC, which all processes of the machine share and asyncio's loops tell the time by.

    `client` is whose it is, in the scheduler's words: what an engine keeps of a prompt is reused for that client alone.

    From `format` on it is what an engine is asked for that has the Capabilities for it, and no other engine.
    """

    turns: tuple[Turn[Frame], ...]
    sampling: Sampling
    max_tokens: int
    stop: tuple[str, ...] = ()
    deadline: float | None = None
    client: str | None = None
    format: JsonFormat | None = None
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = "auto"
    parallel_tool_calls: bool = True
    logprobs: int | None = None
    penalties: Penalties | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Logprob:
    """A token, how likely it was, and those that were likeliest in its place. `utf8` may be a part of a character."""

    token: str
    logprob: float
    utf8: bytes | None = None
    top: tuple["Logprob", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCount:
    """How many of the tools that a request offers the model was shown: all, or what its context has room for."""

    shown: int
    offered: int

    def __str__(self) -> str:
        return f"{self.shown}/{self.offered}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """An answer has begun: the name of the engine that makes it, and what it is shown of the request's tools and turns,
    those of the system aside.
    """

    engine: str
    tools: ToolCount | None = None
    turns_shown: int = 0
    turns_sent: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Text on its way out. It may be empty: a token can be a part of a character."""

    text: str
    logprobs: tuple[Logprob, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens as the device counts them: pictures at their token cost, the closing end token included.

    `cached_tokens` of the prompt were still in the device's context and needed no prefill.
    """

    prompt_tokens: int
    completion_tokens: int
    image_tokens: int = 0
    cached_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Where the time of one job went, in seconds. Log line, usage and bench read this one record.

    `load_s` is the part of `queue_s` in which the model was put on the chip, where it was not there.
    """

    image_s: float = 0.0
    queue_s: float = 0.0
    load_s: float = 0.0
    prefill_s: float = 0.0
    decode_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """The end of an answer that came to its end. `stop` is the stop string that ended it, where an engine tells;
    `tools` is None where the request offers none.
    """

    reason: FinishReason
    usage: Usage
    timings: Timings
    stop: str | None = None
    tools: ToolCount | None = None


# What an engine says: pieces, then the calls of tools that it made by its own means, then exactly one Finish.
Event = Piece | ToolCall | Finish


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel:
    """What a model says of itself once it is loaded.

    runtime          `simulated`, or the name and version of the vendor's runtime
    max_images       pictures the device takes in one request; None where only the context bounds them
    image_tokens     what a frame costs; the most that it can cost where frames differ
    is_frame_bound   frames keep their picture's shape, and the frame's width and height are the most they may have
    """

    runtime: str
    runtime_version: str
    device: str
    frame_width_px: int
    frame_height_px: int
    context_tokens: int
    image_tokens: int
    max_images: int | None
    load_s: float
    is_frame_bound: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What is known of a model, told by the one who knows it: the catalogue's entry of a HEF, a GGUF file's header, a
    server's own list of models. What nobody has told is None, and is not shown.

    format            the file's, `hef` or `gguf`
    family            the architecture in the words of GGUF and Ollama, such as `qwen2vl`
    parameters        their number
    quantization      such as `Q4_K_M` or `A8W4`
    context_tokens    what the model as served takes, once it is loaded or where it is set
    modalities        of what goes in: `text`, and `image` where it takes pictures
    template          the chat template, in the words of Ollama's Go templates or as the file has it
    stop              the text that ends a turn in that template
    size_bytes        of its files together
    sha256            of the model's file, where a pull has noted it
    modified_at       of the file, in seconds since 1970
    """

    format: str | None = None
    family: str | None = None
    parameters: int | None = None
    quantization: str | None = None
    context_tokens: int | None = None
    modalities: tuple[str, ...] | None = None
    licence: str | None = None
    template: str | None = None
    stop: str | None = None
    size_bytes: int | None = None
    sha256: str | None = None
    modified_at: float | None = None
