"""The settings: the only place where one exists. The schema, the defaults and the checks are read off these classes.

A field's metadata holds what a type can't tell: `minimum`, `maximum`, `exclusive_minimum`, `min_length`, `min_items`;
`reload` where a running daemon can take up a new value; `or_one` where a list of one may be written as its item;
`names_a_model` where the setting says of one model what a list of models says instead; and `about`, one line for the
operator. Units stand in the names.
"""

# ruff: noqa: RUF009 - setting() is called once a field on purpose, and what it returns is never shared.

from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from typing import Any, Literal

from hailo_vision.chat import Capability, Fit

PictureFormat = Literal["jpeg", "png", "webp", "gif", "bmp", "tiff", "heic", "avif"]
Runtime = Literal["hailo", "simulated", "llama", "remote", "auto"]
KvType = Literal["f16", "q8_0", "q4_0"]
Switch = Literal["auto", "always", "never"]
Kind = Literal["vision", "text"]
Pinned = Literal["pinned"]
Auto = Literal["auto"]
TooLong = Literal["auto", "error", "drop"]
TooMany = Literal["auto", "error", "spread"]
Fallback = Literal["none", "llama", "remote", "simulated"]
Speculative = Literal["none", "ngram", "draft"]
LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["text", "json"]
HailoRTVersion = Literal["5.1.1", "5.2.0"]
Fault = Literal[
    "none",
    "no_device",
    "device_busy",
    "device_booting",
    "answer_lost",
    "no_permission",
    "driver_mismatch",
    "hef_missing",
    "hef_truncated",
    "hef_other_chip",
    "upload_fails",
    "out_of_memory",
    "slow_load",
    "wedge_in_load",
    "crash_in_load",
    "lost_in_prefill",
    "wedge_in_prefill",
    "lost_in_decode",
    "failed_in_decode",
    "wedge_in_decode",
    "silent_in_decode",
    "crash_in_decode",
    "stall_in_decode",
]


def setting(default: Any, about: str, **limits: Any) -> Any:
    """A field with its default, its line of documentation and its limits. One whose default is MISSING is required."""
    return field(default=default, metadata={"about": about, **limits})


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where the daemon listens, and who may come in."""

    host: str = setting("127.0.0.1", "address to listen on; 0.0.0.0 opens it to the network", min_length=1)
    port: int = setting(11435, "TCP port; 0 picks a free one and logs it", minimum=0, maximum=65535)
    max_body_mb: float = setting(32.0, "largest request body in megabytes", exclusive_minimum=0, maximum=512)
    api_keys_file: str | None = setting(
        None, "a file with a name and a key on each line; a request without one of these keys is refused", min_length=1
    )
    requests_per_minute: int | None = setting(
        None, "requests that one key, or one address, may make in a minute", minimum=1, maximum=1_000_000
    )
    images_per_minute: int | None = setting(
        None, "pictures that one key, or one address, may send in a minute", minimum=1, maximum=1_000_000
    )
    cors_origins: tuple[str, ...] = setting(
        (), "web pages that may use the server, such as http://localhost:3000; * is any page that you visit"
    )
    allowed_hosts: tuple[str, ...] = setting(
        (), "further names of this server, such as vision.example.com; looked at when it listens on loopback"
    )
    tls_cert: str | None = setting(None, "certificate chain in PEM, for https", min_length=1)
    tls_key: str | None = setting(None, "its private key in PEM", min_length=1)
    max_connections: int = setting(
        128, "connections at a time; further ones are told to come back", minimum=1, maximum=10_000
    )
    allow_benchmark: bool = setting(False, "whether POST /v1/benchmark may keep the chip busy to measure it")
    console: bool = setting(True, "whether a browser that opens / gets a page to try it")


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Which chip, and through what."""

    path: str = setting("auto", "device node; auto takes the first of /dev/hailo[0-9]* and /dev/h1x-*", min_length=1)
    group_id: str = setting("SHARED", "HailoRT's name for the group of processes that share the chip", min_length=1)
    runtime: Runtime = setting(
        "hailo",
        "hailo drives the chip, llama runs a GGUF model on the processor, remote asks another server, simulated is a "
        "stand-in; auto takes the chip if it is there, else llama if its model is there, else the stand-in",
        names_a_model=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """The model that is served, and how models are loaded."""

    name: str = setting("qwen2-vl-2b-instruct", "the model's name in the API", min_length=1, names_a_model=True)
    aliases: tuple[str, ...] = setting((), "other names under which it is served too", names_a_model=True)
    fallback_name: str | None = setting(
        None, "a second name in the API, for the model of routing.fallback", min_length=1, names_a_model=True
    )
    hef: str = setting(
        "/var/lib/hailo-vision/models/Qwen2-VL-2B-Instruct.hef",
        "the model's file for the chip",
        min_length=1,
        names_a_model=True,
    )
    load_timeout_s: float = setting(
        180.0,
        "seconds a load may take; HailoRT ends one after 120 by itself, and says why",
        exclusive_minimum=0,
        maximum=3600,
    )
    reuse_context: bool = setting(True, "whether the chip keeps a conversation, so that only its new turn is read")
    keep_alive: float | None = setting(
        None,
        "seconds without a request after which it is unloaded; null keeps it loaded",
        minimum=0,
        maximum=31_536_000,
        reload=True,
        names_a_model=True,
    )
    pinned: bool = setting(
        False, "true keeps it loaded whatever keep_alive or a client says", reload=True, names_a_model=True
    )
    allow_pull: bool = setting(False, "whether clients may have a model's file downloaded (POST /api/pull)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """How answers are made when the client does not say. null is the model's own way."""

    max_tokens: int = setting(
        200,
        "length of an answer in prose when the client names none; JSON, tool calls and Ollama's get the limit",
        minimum=1,
        maximum=8192,
    )
    max_tokens_limit: int = setting(512, "longest answer a client can ask for", minimum=1, maximum=8192)
    temperature: float | None = setting(None, "0 is greedy, as is null", minimum=0, maximum=2)
    top_p: float | None = setting(None, "share of the likeliest tokens to choose from", minimum=0, maximum=1)
    top_k: int | None = setting(None, "number of the likeliest tokens to choose from", minimum=1, maximum=1_000_000)
    repetition_penalty: float | None = setting(
        None, "1.0 or null is off, above makes repeats rarer", minimum=0.1, maximum=10
    )
    seed: int | None = setting(None, "makes sampled answers repeatable", minimum=-(2**63), maximum=2**63 - 1)
    system_prompt: str | None = setting(None, "system turn for conversations that bring none")
    too_long: TooLong = setting(
        "auto",
        "a conversation that the context does not hold: error refuses it, drop leaves its oldest turns out, never the "
        "system turn or the last question; auto is drop for Ollama's clients and error for others",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """What pictures are taken, and how they are fitted to the model's shape."""

    formats: tuple[PictureFormat, ...] = setting(
        ("jpeg", "png", "webp", "gif", "bmp"),
        "what is read; tiff, heic and avif can be added where Pillow reads them, at more risk",
    )
    # Pillow prints a warning about larger ones than 89 million pixels.
    max_megapixels: float = setting(
        8.0,
        "largest picture, in megapixels of 1,048,576 pixels; of a JPEG 13 where this is 8, as it is decoded smaller",
        exclusive_minimum=0,
        maximum=89,
    )
    max_per_request: int = setting(4, "pictures in one request", minimum=0, maximum=14)
    too_many: TooMany = setting(
        "auto",
        "a request with more pictures: error refuses it, spread shows the model an even choice of them, first and last "
        "among them; auto is spread for Ollama's clients and error for others",
    )
    max_tiles: int = setting(
        4, "tiles that follow the overview of a picture sent with detail high; 0 is never", minimum=0, maximum=13
    )
    fit: Fit = setting("pad", "pad adds grey bars, stretch distorts, crop cuts the edges off")
    decode_timeout_s: float = setting(10.0, "seconds to decode one picture", exclusive_minimum=0, maximum=600)
    cache_mb: float = setting(
        16.0,
        "memory for finished pictures, in case they are sent again, in megabytes; 0 is none",
        minimum=0,
        maximum=512,
    )
    fetch: bool = setting(True, "whether pictures may be named by http(s) address")
    fetch_timeout_s: float = setting(
        10.0, "seconds for one picture, redirects included", exclusive_minimum=0, maximum=600
    )
    fetch_max_mb: float = setting(10.0, "largest file to fetch, in megabytes", exclusive_minimum=0, maximum=512)
    fetch_max_redirects: int = setting(3, "redirects to follow; each is checked anew", minimum=0, maximum=10)
    fetch_allow: tuple[str, ...] = setting(
        (), "hosts, addresses or networks to fetch from though they are not public, such as 192.168.1.0/24"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """How many wait, and for how long."""

    depth: int = setting(16, "requests that may wait for their turn", minimum=0, maximum=10_000, reload=True)
    deadline_s: float = setting(
        120.0, "seconds from a request's arrival to its end", exclusive_minimum=0, maximum=86_400, reload=True
    )
    drain_timeout_s: float = setting(
        25.0, "seconds the running answer may take at a stop", minimum=0, maximum=3600, reload=True
    )
    wait_for_load: bool | Auto = setting(
        "auto",
        "true lets requests wait while the model loads at the start, false answers 503; auto is true for Ollama's "
        "clients, as Ollama has them wait, and false for others",
        reload=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Logging:
    """What is written to stderr, and so to the journal."""

    level: LogLevel = setting("info", "debug, info, warning or error", reload=True)
    format: LogFormat = setting("text", "text for people, json for machines", reload=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulator:
    """How the stand-in behaves; only read where an engine is simulated."""

    load_s: float = setting(3.0, "seconds to load the model; the chip needs 10 to 60", minimum=0, maximum=3600)
    prefill_s: float = setting(0.9, "seconds to the first token; 0 means no delay", minimum=0, maximum=3600)
    tokens_per_s: float = setting(8.4, "speed of an answer; 0 means no delay", minimum=0, maximum=1_000_000)
    version: HailoRTVersion = setting("5.1.1", "the HailoRT release whose rules it keeps")
    fault: Fault = setting("none", "what goes wrong, to see how the daemon takes it")
    fault_file: str | None = setting(None, "a file that names the fault while it exists, read anew at each call")


@dataclass(frozen=True, slots=True, kw_only=True)
class Llama:
    """How llama.cpp runs GGUF models on the processor; only read where an engine is llama or auto."""

    model: str = setting(
        "/var/lib/hailo-vision/models/Qwen2-VL-2B-Instruct-Q4_K_M.gguf",
        "the language model's file",
        min_length=1,
        names_a_model=True,
    )
    mmproj: str | None = setting(
        "auto",
        "the file of its vision projector (mmproj); auto is the one beside the model with the model's name, null "
        "serves the model for text alone",
        min_length=1,
        names_a_model=True,
    )
    server: str | None = setting(
        None, "a llama-server to run; null takes one on PATH, else the Python package xllamacpp", min_length=1
    )
    context: int = setting(4096, "tokens of a conversation; memory grows with it", minimum=256, maximum=1_048_576)
    slots: int = setting(1, "answers at a time, each with a context of its own", minimum=1, maximum=64)
    threads: int | None = setting(None, "threads to compute with; null is all cores but one", minimum=1, maximum=512)
    image_max_tokens: int = setting(128, "most tokens that a picture becomes", minimum=4, maximum=16_384)
    kv_type: KvType = setting("f16", "how the context is kept: f16, or in less memory q8_0 or q4_0")
    flash_attention: Switch = setting("auto", "auto, always or never; a kv_type other than f16 needs it")
    speculative: Speculative = setting(
        "none", "speculative decoding: none, ngram from the text so far, draft by a small model"
    )
    draft_model: str | None = setting(None, "the small GGUF model of speculative draft", min_length=1)
    prompt_cache_mib: int = setting(
        256,
        "memory for the cache of prompts, in MiB, which is used until a second client comes; 0 is none",
        minimum=0,
        maximum=1_048_576,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A server that speaks OpenAI's protocol; only read where an engine is remote."""

    base_url: str | None = setting(
        None, "the server's address up to /chat/completions, such as http://nas.lan:8000/v1", names_a_model=True
    )
    model: str | None = setting(None, "the model's name on that server", min_length=1, names_a_model=True)
    key_file: str | None = setting(
        None, "a file that holds the API key for that server, and nothing else", min_length=1, names_a_model=True
    )
    headers: tuple[str, ...] = setting(
        (), "further headers for that server, such as X-Team: kitchen", names_a_model=True
    )
    connect_timeout_s: float = setting(5.0, "seconds to connect", exclusive_minimum=0, maximum=600)
    first_token_timeout_s: float = setting(
        60.0, "seconds of silence before the first token", exclusive_minimum=0, maximum=3600
    )
    token_timeout_s: float = setting(30.0, "seconds of silence between two tokens", exclusive_minimum=0, maximum=3600)
    retries: int = setting(
        2, "retries of a request that could not be sent or that was refused as busy", minimum=0, maximum=10
    )
    slots: int = setting(1, "answers at a time, as many as the server makes without a queue", minimum=1, maximum=256)
    context: int = setting(
        8192, "tokens of a conversation, where the server does not say", minimum=256, maximum=10_000_000
    )
    image_max_px: int = setting(1024, "longest side of a picture that is sent", minimum=28, maximum=4096)
    native: tuple[Capability, ...] = setting(
        ("grammar", "tools", "penalties"),
        "what the server supports itself: grammar, tools, logprobs, penalties; all else is asked for in the prompt",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """Another engine, for when the preferred one can't answer."""

    fallback: Fallback = setting(
        "none",
        "none, or the engine that answers when the preferred one is not ready, full or has too small a context: llama, "
        "remote or simulated",
        names_a_model=True,
    )
    send_pictures_away: bool = setting(
        False, "whether requests with pictures may be sent to a fallback that is remote", names_a_model=True
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    """One of several models that are served; what its engines have in common stands in the sections."""

    name: str = setting(MISSING, "the model's name in the API", min_length=1)
    aliases: tuple[str, ...] = setting((), "other names under which it is served too")
    kind: Kind = setting(
        "vision", "vision takes pictures and text, text does not; speech, detection and embedding are not served yet"
    )
    engine: tuple[Runtime, ...] = setting(
        MISSING,
        "what answers, or a list in the order in which they are asked; as in device.runtime",
        or_one=True,
        min_items=1,
    )
    file: tuple[str, ...] = setting(
        (), "the model's file, or a list where its engines need several: .hef for a chip, .gguf for llama", or_one=True
    )
    mmproj: str | None = setting(
        "auto",
        "for llama: the file of its vision projector; auto is the one beside the model with the model's name, null "
        "serves the model for text alone",
        min_length=1,
    )
    keep: float | Pinned | None = setting(
        None,
        "seconds without a request after which it is unloaded; null keeps it loaded until a client unloads it, pinned "
        "always",
        minimum=0,
        maximum=31_536_000,
        reload=True,
    )
    fallback: tuple[str, ...] = setting(
        (), "the name of another model, or a list, whose engines answer where its own can't", or_one=True
    )
    generation: Generation | None = setting(
        None, "how its answers are made, where that differs from the section generation"
    )
    base_url: str | None = setting(
        None, "for remote: the server's address up to /chat/completions, such as http://nas.lan:8000/v1"
    )
    remote_name: str | None = setting(
        None, "for remote: the model's name on that server; null is the same name", min_length=1
    )
    key_file: str | None = setting(
        None, "for remote: a file that holds the API key for that server, and nothing else", min_length=1
    )
    headers: tuple[str, ...] = setting((), "for remote: further headers for that server, such as X-Team: kitchen")
    native: tuple[Capability, ...] | None = setting(
        None, "for remote: what the server supports itself; null is remote.native"
    )
    send_pictures_away: bool = setting(False, "for remote: whether requests with pictures may be sent there")
    context: int | None = setting(
        None,
        "tokens of a conversation; null is llama.context, or remote.context",
        minimum=256,
        maximum=10_000_000,
    )
    slots: int | None = setting(None, "answers at a time; null is llama.slots, or remote.slots", minimum=1, maximum=256)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All of it. A field of this class is a section of the file, but for `models`, which is a list.

    The sections alone are the short way to write one model. With a list the settings marked `names_a_model` keep their
    defaults and mean nothing.
    """

    server: Server = field(default_factory=Server)
    device: Device = field(default_factory=Device)
    model: Model = field(default_factory=Model)
    generation: Generation = field(default_factory=Generation)
    images: Images = field(default_factory=Images)
    queue: Queue = field(default_factory=Queue)
    logging: Logging = field(default_factory=Logging)
    simulator: Simulator = field(default_factory=Simulator)
    llama: Llama = field(default_factory=Llama)
    remote: Remote = field(default_factory=Remote)
    routing: Routing = field(default_factory=Routing)
    models: tuple[ModelEntry, ...] = field(
        default=(),
        metadata={
            "about": "the models that are served, each with its engines; "
            "the list takes the place of the settings of one model"
        },
    )


SECTIONS: dict[str, type[Any]] = {key.name: key.type for key in fields(Settings) if is_dataclass(key.type)}  # type: ignore[misc]
NAME_A_MODEL: tuple[str, ...] = tuple(
    f"{name}.{key.name}"
    for name, section in SECTIONS.items()
    for key in fields(section)
    if key.metadata.get("names_a_model")
)
