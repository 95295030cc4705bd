"""Each picture of a batch has an outcome of its own, whatever goes wrong with another one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

from hailo_vision.chat import (
    Caller,
    ChatRequest,
    Finish,
    FinishReason,
    ImageRef,
    Piece,
    Sampling,
    Text,
    Timings,
    Turn,
    Usage,
)
from hailo_vision.generate.choices import ChoiceEvent
from hailo_vision.http_api.vision.batch import Batch
from hailo_vision.http_api.vision.reply import Seen
from hailo_vision.http_api.web.faults import Fault

FINISH = Finish(
    reason=FinishReason.STOP, usage=Usage(prompt_tokens=1, completion_tokens=1), timings=Timings(image_s=0.0)
)


def asking(number: int) -> ChatRequest:
    parts = (ImageRef(url="A" * number, param=f"images[{number}]"), Text(text="What is it?"))
    return ChatRequest(model="m", turns=(Turn(role="user", parts=parts),), sampling=Sampling(), max_tokens=9)


class Router:
    """It has no memory for the first picture."""

    async def prepare(self, request: ChatRequest, caller: Caller) -> Any:
        if request == asking(0):
            raise MemoryError
        return SimpleNamespace(prepared=SimpleNamespace(image_s=0.5))

    @asynccontextmanager
    async def answer(self, assigned: Any, caller: Caller) -> AsyncIterator[AsyncIterator[ChoiceEvent]]:
        async def events() -> AsyncIterator[ChoiceEvent]:
            yield ChoiceEvent(choice=0, event=Piece(text="A dog."))
            yield ChoiceEvent(choice=0, event=FINISH)

        yield events()


async def test_a_picture_for_which_there_is_no_memory_is_no_bug_and_no_other_pictures_matter() -> None:
    given_back: list[int] = []
    batch = Batch(
        cast(Any, Router()),
        Caller(client="a", arrived_at=0.0),
        (asking(0), asking(7)),
        deadline_s=10,
        take=given_back.append,
    )
    failed, seen = (await batch.one(0)).outcome, (await batch.one(1)).outcome
    assert isinstance(failed, Fault)
    assert (failed.status, failed.code) == (503, "out_of_memory")
    assert isinstance(seen, Seen)
    assert seen.text == "A dog."
    assert given_back == [0, -7]
