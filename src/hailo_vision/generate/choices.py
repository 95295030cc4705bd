"""Several answers to one request: one after the other, or side by side where the engine has slots for them."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

from hailo_vision.chat import Event, Finish
from hailo_vision.tasks import task_group


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceEvent:
    """An event of one of a request's answers: `choice` counts the answers from 0.

    For each choice come zero or more Pieces, then its ToolCalls, then exactly one Finish. Choices may be mixed.
    `has_next` is true where the next event is at hand already, so that a surface may send both at once.
    """

    choice: int
    event: Event
    has_next: bool = False


Answer = Callable[[int], AsyncGenerator[ChoiceEvent]]


def choices(count: int, answer: Answer, free: Callable[[], int]) -> AsyncGenerator[ChoiceEvent]:
    """Yield what `answer` gives for each choice, counted from 0, as it comes; the first error ends them all.

    `free` is how many jobs would have their turn at once. No more than those are begun, but always one: a choice that
    had to wait for its turn would take a place in the queue from another client.
    """
    # The usual request needs neither a queue nor a task of its own.
    return answer(0) if count == 1 else _several(count, answer, free)


async def _several(count: int, answer: Answer, free: Callable[[], int]) -> AsyncGenerator[ChoiceEvent]:
    queue: asyncio.Queue[ChoiceEvent] = asyncio.Queue(maxsize=1)  # so a slow reader is the scheduler's matter

    async def run(choice: int) -> None:
        async with aclosing(answer(choice)) as events:
            async for event in events:
                await queue.put(replace(event, has_next=False))  # the next one may be another choice's

    begun = running = 0
    async with task_group() as tasks:
        while running or begun < count:
            for _ in range(min(count - begun, max(free(), 0 if running else 1))):
                tasks.create_task(run(begun))
                begun, running = begun + 1, running + 1
            has_ended = False
            while not has_ended:
                event = await queue.get()
                has_ended = isinstance(event.event, Finish)
                yield event
            running -= 1
