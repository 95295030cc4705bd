"""Whatever clients, engine and operator do: no more generations than slots, and everyone is accounted for."""

import asyncio

from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from hailo_vision.chat import FinishReason, Priority
from hailo_vision.config import settings
from hailo_vision.engines.contract import EngineState
from hailo_vision.errors import GenerationFailed, HailoVisionError, QueueFull, TooBusy
from hailo_vision.scheduler.record import Outcome
from scheduler.puppet import Puppet, finish
from scheduler.test_jobs import Asked, House, opened

slots = st.integers(0, 2)
steps = st.one_of(
    st.tuples(st.just("ask"), st.sampled_from("abcd"), st.sampled_from(Priority)),
    st.tuples(st.just("leave"), st.integers(0, 30)),
    st.tuples(st.just("say"), slots),
    st.tuples(st.just("finish"), st.sampled_from(FinishReason), st.integers(0, 2), st.floats(0, 60), slots),
    st.tuples(st.just("fail"), slots),
    st.tuples(st.just("engine"), st.sampled_from([EngineState.READY, EngineState.UNLOADED, EngineState.FAILED])),
    st.tuples(st.just("unload")),
    st.tuples(st.just("bounds"), st.integers(0, 5)),
    st.tuples(st.just("turn"), st.integers(1, 4)),
)


def one_of(engine: Puppet, slot: int) -> str:
    names = list(engine.open)
    return names[slot % len(names)]


async def play(house: House, step: tuple[object, ...], asked: dict[str, Asked]) -> None:
    engine = house.engine
    match step:
        case "ask", str(client), Priority() as priority:
            name = f"{client}{len(asked)}" if priority is Priority.INTERACTIVE else f"{client}{len(asked)}b"
            asked[name] = house.ask(name, priority=priority)
        case "leave", int(number) if number < len(asked):
            list(asked.values())[number].task.cancel()
        case "say", int(slot) if engine.is_asked:
            engine.say("word ", to=one_of(engine, slot))
        case "finish", FinishReason() as reason, int(tokens), float(job_s), int(slot) if engine.is_asked:
            engine.say(finish(tokens, reason=reason, job_s=job_s), to=one_of(engine, slot))
        case "fail", int(slot) if engine.is_asked:
            engine.say(GenerationFailed("it failed"), to=one_of(engine, slot))
        case "engine", EngineState() as state if not engine.is_asked:
            engine.become(state)
        case ("unload",):
            house.scheduler.unload()
        case "bounds", int(depth):
            house.scheduler.reconfigure(settings.Queue(depth=depth), keep_alive=None, is_pinned=False)
        case "turn", int(turns):
            for _ in range(turns):
                await asyncio.sleep(0)


async def played(story: list[tuple[object, ...]], drains: bool, slots: int) -> None:
    asked: dict[str, Asked] = {}
    async with opened(Puppet(slots=slots), depth=3) as house:
        for step in story:
            await play(house, step, asked)
            house.check_sums()
            assert house.scheduler.free == slots - house.scheduler.running >= 0
            assert not (house.scheduler.free and house.scheduler.waiting)
        if drains:
            await house.scheduler.drain(0)
        for one in asked.values():
            one.task.cancel()
        ends = [await one.error() for one in asked.values()]
        check(house, asked, ends)


def check(house: House, asked: dict[str, Asked], ends: list[BaseException | None]) -> None:
    assert all(end is None or isinstance(end, HailoVisionError | asyncio.CancelledError) for end in ends), ends
    names, ended = house.engine.names, house.scheduler.totals.ended
    assert len(names) == len(set(names))
    for client in "abcd":
        for is_batch in (False, True):
            mine = [int(name[1:].rstrip("b")) for name in names if name[0] == client and name.endswith("b") is is_batch]
            assert mine == sorted(mine)
    for name, end in zip(asked, ends, strict=True):
        assert name in names or end is not None
        assert name not in names or not isinstance(end, QueueFull | TooBusy)  # it costs the engine nothing
    assert ended[Outcome.FINISHED] >= sum(end is None for end in ends)
    assert len(names) <= house.scheduler.totals.admitted


FULL_THEN_ANOTHER = [*[("ask", "a", Priority.INTERACTIVE)] * 4, ("ask", "b", Priority.INTERACTIVE), ("turn", 1)]


@hypothesis_settings(max_examples=300, deadline=None)
@given(st.lists(steps, max_size=60), st.booleans(), st.integers(1, 3))
@example(FULL_THEN_ANOTHER, False, 1)  # a job that lost its place is counted before its task has ended
def test_whatever_happens_no_more_run_than_there_are_slots_and_all_are_accounted_for(
    story: list[tuple[object, ...]], drains: bool, slots: int
) -> None:
    asyncio.run(played(story, drains, slots))
