"""What goes in on one side comes out on the other, and what is no message is a WireError, whatever it is."""

import json
import struct
import tracemalloc
from itertools import pairwise
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hailo_vision.chat import (
    FinishReason,
    Frame,
    Generation,
    LoadedModel,
    Sampling,
    Text,
    ToolCall,
    ToolResult,
    Turn,
    Usage,
)
from hailo_vision.errors import ContextLengthExceeded, DeviceFault, DeviceUnavailable, GenerationFailed, WireError
from hailo_vision.wire import (
    MAX_BODY_BYTES,
    MAX_HEADER_BYTES,
    MAX_JOB_S,
    Abort,
    Decoder,
    Failed,
    Finished,
    Generate,
    Hello,
    Load,
    Loaded,
    Message,
    Quit,
    Token,
    encode,
)

searching = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])

words = st.text(max_size=12)
whole = st.integers(-(2**70), 2**70)
count = st.integers(0, 2**53)
seconds = st.floats(0, MAX_JOB_S)
number = st.floats(allow_nan=False, allow_infinity=False)
side_px = st.integers(1, 4000)
usages = st.builds(Usage, prompt_tokens=count, completion_tokens=count, image_tokens=count)


@st.composite
def frames(draw: st.DrawFn) -> Frame:
    width_px, height_px = draw(st.integers(0, 3)), draw(st.integers(0, 3))
    size = width_px * height_px * 3
    return Frame(width_px=width_px, height_px=height_px, pixels=draw(st.binary(min_size=size, max_size=size)))


generations = st.builds(
    Generation,
    turns=st.lists(
        st.builds(
            Turn,
            role=st.sampled_from(["system", "user", "assistant"]),
            parts=st.lists(st.builds(Text, text=words) | frames(), max_size=4).map(tuple),
        ),
        max_size=3,
    ).map(tuple),
    sampling=st.builds(
        Sampling,
        temperature=st.none() | number,
        top_p=st.none() | number,
        top_k=st.none() | whole,
        repetition_penalty=st.none() | number,
        seed=st.none() | whole,
    ),
    max_tokens=whole,
    stop=st.lists(words, max_size=3).map(tuple),
    deadline=st.none() | number,
)

failures = (
    st.builds(ContextLengthExceeded, prompt_tokens=count, context_tokens=count)
    | st.builds(
        DeviceUnavailable, st.sampled_from(DeviceFault), words, status=st.none() | count, is_untouched=st.booleans()
    )
    | st.builds(GenerationFailed, words)
)

MESSAGES: dict[type[Message], st.SearchStrategy[Message]] = {
    Load: st.builds(Load, runtime=words, hef=words, device=words, group_id=words, patience_s=number),
    Generate: st.builds(Generate, job=count, generation=generations),
    Abort: st.builds(Abort, job=count),
    Quit: st.builds(Quit),
    Hello: st.builds(Hello, pid=count),
    Loaded: st.builds(
        Loaded,
        model=st.builds(
            LoadedModel,
            runtime=words,
            runtime_version=words,
            device=words,
            frame_width_px=side_px,
            frame_height_px=side_px,
            context_tokens=st.integers(1, 2**53),
            image_tokens=count,
            max_images=st.none() | count,
            load_s=seconds,
        ),
    ),
    Token: st.builds(Token, job=count, text=words),
    Finished: st.builds(
        Finished,
        job=count,
        reason=st.none() | st.sampled_from(FinishReason),
        usage=usages,
        prefill_s=seconds,
        decode_s=seconds,
        stop=st.none() | words,
    ),
    Failed: st.builds(Failed, job=st.none() | count, error=failures, fatal=st.booleans()),
}
messages = st.one_of(*MESSAGES.values())

anything = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | whole | st.just(10**30) | st.floats() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)

GENERATION = Generation(
    turns=(
        Turn(role="user", parts=(Text(text="Two:"), Frame(width_px=2, height_px=1, pixels=bytes(range(6))))),
        Turn(role="assistant", parts=(Frame(width_px=1, height_px=1, pixels=b"rgb"), Text(text="and one."))),
    ),
    sampling=Sampling(temperature=0.5, seed=-1),
    max_tokens=9,
    stop=("\n",),
)


def frame_up(head: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">II", len(head), len(body)) + head + body


def taken_apart(message: bytes) -> tuple[Any, bytes]:
    head_bytes, _ = struct.unpack(">II", message[:8])
    return json.loads(message[8 : 8 + head_bytes]), message[8 + head_bytes :]


def with_parts(*parts: object, body: bytes = b"") -> bytes:
    header, _ = taken_apart(encode(Generate(job=1, generation=GENERATION)))
    header["turns"] = [{"role": "user", "parts": parts}]
    return frame_up(json.dumps(header).encode(), body)


def received(stream: bytes) -> list[Message]:
    return list(Decoder().feed(stream))


def facts(message: Message) -> object:
    """What must be the same on both sides. Errors compare by identity, and an enum's member equals a plain string."""
    match message:
        case Failed():
            error = message.error
            kinds = {name: type(fact) for name, fact in vars(error).items()}
            return message.job, type(error), str(error), vars(error), kinds, message.fatal
        case Finished():
            return message, type(message.reason)
        case _:
            return message


def spoilt(value: Any, data: st.DataObject) -> Any:
    """The same JSON, but for one value in it."""
    if isinstance(value, (dict, list)) and value and data.draw(st.integers(0, 3)):
        key = data.draw(st.sampled_from(list(value) if isinstance(value, dict) else range(len(value))))
        changed = value.copy()
        changed[key] = spoilt(value[key], data)
        return changed
    return data.draw(anything)


def test_the_strategies_know_every_message() -> None:
    assert set(MESSAGES) == {kind for direction in get_args(Message) for kind in get_args(direction) or [direction]}


@searching
@given(st.lists(messages, min_size=1, max_size=4), st.data())
def test_messages_come_out_as_they_went_in_however_the_bytes_are_sliced(
    sent: list[Message], data: st.DataObject
) -> None:
    stream = b"".join(map(encode, sent))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    decoder = Decoder()
    out = [message for start, end in pairwise([0, *cuts, len(stream)]) for message in decoder.feed(stream[start:end])]
    assert [facts(message) for message in out] == [facts(message) for message in sent]
    assert decoder.pending_bytes == 0


def test_a_message_is_there_with_its_last_byte_and_not_before() -> None:
    message = Generate(job=7, generation=GENERATION)
    stream = encode(message)
    decoder = Decoder()
    for count, byte in enumerate(stream[:-1], 1):
        assert list(decoder.feed(bytes([byte]))) == []
        assert decoder.pending_bytes == count
    assert list(decoder.feed(stream[-1:])) == [message]


def test_a_lone_surrogate_survives_the_wire() -> None:
    """Clients can send one, and it must reach the worker, which knows what to make of it, rather than end the link."""
    assert received(encode(Token(job=1, text="a\ud800b"))) == [Token(job=1, text="a\ud800b")]


def test_pixels_travel_as_they_are_and_not_as_text() -> None:
    frame = Frame(width_px=336, height_px=336, pixels=bytes(336 * 336 * 3))
    generation = Generation(turns=(Turn(role="user", parts=(frame,)),), sampling=Sampling(), max_tokens=1)
    assert len(encode(Generate(job=1, generation=generation))) < len(frame.pixels) + 500


@searching
@given(st.binary(max_size=100))
def test_random_bytes_are_a_wire_error_or_too_few(stream: bytes) -> None:
    decoder = Decoder()
    try:
        assert list(decoder.feed(stream)) == []
        assert decoder.pending_bytes == len(stream)
    except WireError:
        assert len(stream) >= 8


@searching
@given(anything | st.fixed_dictionaries({"type": st.sampled_from([kind.__name__ for kind in MESSAGES])}), st.binary())
def test_json_that_is_no_message_is_a_wire_error(header: Any, body: bytes) -> None:
    if header == {"type": "Quit"}:
        return
    with pytest.raises(WireError):
        received(frame_up(json.dumps(header).encode(), body))


@settings(searching, max_examples=500)
@given(messages, st.data())
def test_a_spoilt_message_is_a_message_or_a_wire_error_and_nothing_else(message: Message, data: st.DataObject) -> None:
    header, body = taken_apart(encode(message))
    try:
        (out,) = received(frame_up(json.dumps(spoilt(header, data)).encode(), body))
    except WireError:
        return
    assert isinstance(out, tuple(MESSAGES))
    if isinstance(out, Generate):
        kept = [part for turn in out.generation.turns for part in turn.parts if isinstance(part, Frame)]
        assert b"".join(frame.pixels for frame in kept) == body
        assert all(frame.width_px >= 0 and frame.height_px >= 0 for frame in kept)


@pytest.mark.parametrize(
    "stream",
    [
        frame_up(b""),
        frame_up(b"{"),
        frame_up(b"{}"),
        frame_up(b"[]"),
        frame_up(b'"Quit"'),
        frame_up(b'{"type":"Quit","why":"?"}'),
        frame_up(b'{"type":"Abort"}'),
        frame_up(b'{"type":"Reboot"}'),
        frame_up(b'{"type":["Quit"]}'),
        frame_up(b"\xff\xfe\xfd"),
        frame_up(b"[" * 100_000),
        frame_up(b"9" * 10_000),
        frame_up(b'{"type":"Failed","job":1,"fatal":false,"error":{"kind":"boredom","message":""}}'),
        frame_up(
            b'{"type":"Failed","job":1,"fatal":false,"error":{"kind":"device","fault":"?","message":"","status":1}}'
        ),
        frame_up(
            b'{"type":"Finished","job":1,"reason":"stop","usage":{"prompt_tokens":1,"completion_tokens":1,"image_tokens":0,'
            b'"cached_tokens":0},"prefill_s":1e6,"decode_s":0,"stop":null}'
        ),
        frame_up(b'{"type":"Finished","job":1,"reason":"boredom","usage":{},"prefill_s":0,"decode_s":0}'),
        with_parts([1, 1], body=b"rg"),
        with_parts([1, 1], body=b"rgbr"),
        with_parts(body=b"rgb"),
        with_parts([-1, -1], body=b"rgb"),
        with_parts([-1, 1]),
        with_parts([1], body=b"rgb"),
        with_parts([1, 1, 1], body=b"rgb"),
        with_parts([1.0, 1.0], body=b"rgb"),
        with_parts([1e308, 1e308]),
        with_parts(["a", 10**30]),
        with_parts([10**30, 10**30]),
        with_parts(["a", "b"]),
        with_parts(None),
    ],
    ids=lambda stream: stream[8:70].decode("latin-1"),
)
def test_what_is_no_message_is_a_wire_error(stream: bytes) -> None:
    with pytest.raises(WireError):
        received(stream)


def test_the_messages_before_a_broken_one_are_not_lost() -> None:
    feed = Decoder().feed(encode(Abort(job=1)) + encode(Abort(job=2)) + frame_up(b"?"))
    assert [next(feed), next(feed)] == [Abort(job=1), Abort(job=2)]
    with pytest.raises(WireError):
        next(feed)


@pytest.mark.parametrize("told", [(MAX_HEADER_BYTES + 1, 0), (0, MAX_BODY_BYTES + 1), (2**32 - 1, 2**32 - 1)])
def test_too_large_a_message_is_refused_by_its_lengths_before_it_has_come(told: tuple[int, int]) -> None:
    with pytest.raises(WireError, match="too large"):
        received(struct.pack(">II", *told))


@pytest.mark.parametrize(
    "stream",
    [
        struct.pack(">II", MAX_HEADER_BYTES, MAX_BODY_BYTES),
        with_parts([5_000, 5_000]),
        with_parts(["a", 50_000_000]),
        with_parts([[0], 10_000_000]),
    ],
    ids=["lengths", "frame", "text times a number", "list times a number"],
)
def test_a_length_that_was_only_told_allocates_nothing(stream: bytes) -> None:
    decoder = Decoder()
    tracemalloc.start()
    try:
        assert list(decoder.feed(stream)) == []
    except WireError:
        pass
    finally:
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak_bytes < 1_000_000


def test_what_the_other_side_would_refuse_for_its_size_is_not_sent() -> None:
    with pytest.raises(WireError, match="too large"):
        encode(Token(job=1, text="a" * MAX_HEADER_BYTES))
    megabyte = Frame(width_px=1024, height_px=1024, pixels=bytes(3 << 20))
    turn = Turn(role="user", parts=(megabyte,) * (MAX_BODY_BYTES // (3 << 20) + 1))
    with pytest.raises(WireError, match="too large"):
        encode(Generate(job=1, generation=Generation(turns=(turn,), sampling=Sampling(), max_tokens=1)))


@pytest.mark.parametrize("part", [ToolCall(id="a", name="f", arguments="{}"), ToolResult(call_id="a", text="b")])
def test_what_should_have_become_words_is_no_part_of_a_message(part: ToolCall | ToolResult) -> None:
    generation = Generation(turns=(Turn(role="user", parts=(part,)),), sampling=Sampling(), max_tokens=1)
    with pytest.raises(WireError, match=type(part).__name__):
        encode(Generate(job=1, generation=generation))
