"""How much a server may send for one generation, by what was requested of it. Pure."""

from dataclasses import dataclass

from hailo_vision.chat import Generation

MAX_TOKEN_CHARS = 128  # the longest tokens of the vocabularies that are known; four are usual
MAX_EVENT_OVERHEAD_BYTES = 4096  # what servers put around one token: ids, timings, usage, padding
MAX_LOGPROB_BYTES = 1024  # one token with its log probability and bytes
SPARE_CHARS = 1024
SPARE_BYTES = 1 << 20
SPARE_EVENTS = 1024  # events without a token: the role, the usage, progress
SPARE_LOGPROBS = 16  # servers count the end token or not


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """`chars` bounds text, reasoning and tool calls together, `empty_events` those that add nothing to them.

    `logprobs` bounds the tokens whose log probabilities are kept; each becomes many times the bytes that it had.
    """

    chars: int
    body_bytes: int
    empty_events: int
    logprobs: int


def bounds_of(generation: Generation) -> Bounds:
    logprobs = 0 if generation.logprobs is None else generation.logprobs + 1
    token_bytes = MAX_EVENT_OVERHEAD_BYTES + logprobs * MAX_LOGPROB_BYTES
    return Bounds(
        chars=SPARE_CHARS + generation.max_tokens * MAX_TOKEN_CHARS,
        body_bytes=SPARE_BYTES + generation.max_tokens * token_bytes,
        empty_events=SPARE_EVENTS + generation.max_tokens,
        logprobs=0 if generation.logprobs is None else generation.max_tokens + SPARE_LOGPROBS,
    )
