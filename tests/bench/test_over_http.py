"""What servers of this and of later versions tell, and what becomes of it."""

import pytest

from hailo_vision.bench.over_http import Bench, ending, versions, vitals
from hailo_vision.bench.question import Question
from hailo_vision.bench.sample import AskFailed, Ending
from hailo_vision.chat import Piece, Timings
from hailo_vision.client import Server
from harness import MODEL, Daemon

USAGE = {"prompt_tokens": 120, "completion_tokens": 9, "prompt_tokens_details": {"cached_tokens": 3}}
PERFORMANCE = {"image_ms": 12, "queue_ms": 250, "prefill_ms": 900, "decode_ms": 1100, "inference_time_ms": 2000}
HEALTH_NUMBERS = ("daemon_bytes", "worker_bytes", "temperature_c", "busy_seconds", "slots")
QUESTION = Question(number=0, prompt="How many images are there?", picture=None)


def test_the_server_s_own_timings_are_taken_where_it_has_them() -> None:
    told = ending(USAGE, PERFORMANCE)
    assert told.timings == Timings(image_s=0.012, queue_s=0.25, prefill_s=0.9, decode_s=1.1)
    assert (told.usage.prompt_tokens, told.usage.completion_tokens, told.usage.cached_tokens) == (120, 9, 3)
    assert ending({}, None) == Ending(usage=ending({}, None).usage, timings=None)


def test_vital_signs_that_a_server_does_not_have_are_none() -> None:
    assert vitals({}, None).temperature_c is None
    told = vitals({"jobs": {"busy_seconds": 7.5}, "chip": {"temperature_c": 50.0}, "worker_restarts": 2}, (10.0, 40.0))
    assert (told.npu_busy_s, told.temperature_c, told.worker_restarts) == (7.5, 50.0, 2)
    assert (told.cpu_busy_s, told.cpu_s) == (10.0, 40.0)


NO_NUMBERS = (None, "12", [1], {}, True, float("nan"), float("inf"), 10**4000)


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_what_a_server_says_that_is_no_number_is_none(value: object) -> None:
    answer = ending(dict.fromkeys(USAGE, value), dict.fromkeys(PERFORMANCE, value))
    assert (answer.usage, answer.timings) == (ending({}, None).usage, Timings())
    parts = ("memory", "chip", "jobs", "queue")
    for health in (dict.fromkeys(parts, value), {part: dict.fromkeys(HEALTH_NUMBERS, value) for part in parts}):
        assert vitals(health, None) == vitals({}, None)  # type: ignore[arg-type]


def test_an_engine_is_busy_when_all_of_its_slots_are() -> None:
    assert vitals({"jobs": {"busy_seconds": 8.0}, "queue": {"slots": 4}}, None).npu_busy_s == 2.0


def test_versions_of_both_sides_are_named(daemon: Daemon) -> None:
    told = versions(daemon.get("/health")[1])
    assert (told["server"], told["runtime"], told["runtime_version"]) == ("0.1.0", "simulated", "5.1.1")
    assert None not in (told["python"], told["system"], told["aiohttp"], told["machine"])


async def test_an_answer_comes_as_pieces_and_one_ending(daemon: Daemon) -> None:
    async with Server(daemon.url) as server:
        events = [event async for event in Bench(server, MODEL, 64).ask(QUESTION)]
    assert all(isinstance(event, Piece) for event in events[:-1])
    assert isinstance(events[-1], Ending)
    assert events[-1].usage.completion_tokens > 0


async def test_the_machine_is_only_looked_at_when_the_server_is_on_it(daemon: Daemon) -> None:
    async with Server(daemon.url) as server:
        looked = await Bench(server, MODEL, 64).look()
        assert looked.cpu_s is not None
        assert looked.daemon_bytes is not None
        elsewhere = Bench(server, MODEL, 64)
        elsewhere._is_local = False
        assert (await elsewhere.look()).cpu_s is None


async def test_a_refusal_is_a_failure_with_its_code(daemon: Daemon) -> None:
    async with Server(daemon.url) as server:
        with pytest.raises(AskFailed) as caught:
            await anext(Bench(server, "gpt-9", 64).ask(QUESTION))
    assert caught.value.code == "model_not_found"
