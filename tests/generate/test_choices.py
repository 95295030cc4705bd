"""Several answers to one request: as many at once as there is room for, and never a place too many."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailo_vision.chat import Event, Finish, FinishReason, Piece, Timings, Usage
from hailo_vision.errors import GenerationFailed
from hailo_vision.generate.choices import ChoiceEvent, choices
from hailo_vision.tasks import task_group

END = Finish(reason=FinishReason.STOP, usage=Usage(prompt_tokens=1, completion_tokens=1), timings=Timings())


class Engine:
    """Answers of so many pieces each, in so many slots; `most` is how many it made at once."""

    def __init__(self, lengths: list[int], slots: int, *, taken: int = 0, failing: int | None = None) -> None:
        self.lengths = lengths
        self.slots = slots
        self.taken = taken  # by others
        self.failing = failing
        self.open: list[int] = []
        self.begun: list[int] = []
        self.most = 0

    def free(self) -> int:
        return max(self.slots - self.taken - len(self.open), 0)

    async def answer(self, choice: int) -> AsyncGenerator[ChoiceEvent]:
        self.open.append(choice)
        self.begun.append(choice)
        self.most = max(self.most, len(self.open))
        try:
            for number in range(self.lengths[choice]):
                await asyncio.sleep(0)
                if choice == self.failing:
                    raise GenerationFailed("it failed")
                yield ChoiceEvent(choice=choice, event=Piece(text=f"{choice}.{number} "), has_next=True)
        finally:
            self.open.remove(choice)
        yield ChoiceEvent(choice=choice, event=END)


async def heard(engine: Engine) -> dict[int, list[Event]]:
    said: dict[int, list[Event]] = {}
    async with aclosing(choices(len(engine.lengths), engine.answer, engine.free)) as parts:
        async for part in parts:
            said.setdefault(part.choice, []).append(part.event)
    return said


@given(st.lists(st.integers(0, 4), min_size=1, max_size=5), st.integers(1, 4), st.integers(0, 4))
def test_each_choice_is_whole_and_no_more_run_at_once_than_have_room(
    lengths: list[int], slots: int, taken: int
) -> None:
    engine = Engine(lengths, slots, taken=taken)
    said = asyncio.run(heard(engine))
    for choice, length in enumerate(lengths):
        assert said[choice] == [*(Piece(text=f"{choice}.{number} ") for number in range(length)), END]
    assert engine.begun == list(range(len(lengths)))
    assert engine.most <= max(slots - taken, 1)
    assert engine.open == []


async def test_with_room_for_all_they_run_side_by_side() -> None:
    engine = Engine([3, 3, 3], slots=3)
    await heard(engine)
    assert engine.most == 3


async def test_the_first_error_ends_them_all() -> None:
    engine = Engine([100, 100, 3], slots=3, failing=2)
    with pytest.raises(GenerationFailed):
        await heard(engine)
    assert engine.open == []


async def test_an_error_reaches_a_reader_that_is_about_something_else() -> None:
    """The reader may hold a stream of its own open meanwhile, and must not be left cancelled."""
    engine = Engine([100, 5], slots=2, failing=1)

    async def read() -> None:
        async with aclosing(choices(2, engine.answer, engine.free)) as parts, task_group() as tasks:
            pings = tasks.create_task(asyncio.Event().wait())
            try:
                async for _ in parts:
                    await asyncio.Event().wait()
            finally:
                pings.cancel()

    async with asyncio.timeout(10):
        with pytest.raises(GenerationFailed):
            await read()
    assert engine.open == []
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_who_stops_to_listen_leaves_nothing_running() -> None:
    engine = Engine([100, 100], slots=2)
    async with aclosing(choices(2, engine.answer, engine.free)) as parts:
        await anext(parts)
    assert engine.open == []
    assert engine.begun == [0, 1]


async def test_nothing_is_taken_ahead_of_the_reader_but_one_part() -> None:
    """Else the scheduler could not tell a slow reader."""
    engine = Engine([100], slots=1)
    made = 0

    async def answer(choice: int) -> AsyncGenerator[ChoiceEvent]:
        nonlocal made
        async for event in engine.answer(choice):
            made += 1
            yield event

    async with aclosing(choices(1, answer, engine.free)) as parts:
        await anext(parts)
        for _ in range(50):
            await asyncio.sleep(0)
    assert made <= 3
