"""An Engine that does what a test says, step by step, and holds the scheduler to its side of the contract."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace

from loaded_models import QWEN2_VL

from hailo_vision.chat import (
    Capabilities,
    Event,
    Finish,
    FinishReason,
    Generation,
    LoadedModel,
    Piece,
    Sampling,
    Text,
    Timings,
    Turn,
    Usage,
)
from hailo_vision.engines.contract import EngineState
from hailo_vision.errors import DeviceFault, DeviceUnavailable

MODEL = replace(QWEN2_VL, image_tokens=1, load_s=7.0)


def finish(tokens: int = 3, *, reason: FinishReason = FinishReason.STOP, job_s: float = 0.0) -> Finish:
    """An end after so many tokens, whose prefill took no time and whose decode `job_s`."""
    usage = Usage(prompt_tokens=5, completion_tokens=tokens)
    return Finish(reason=reason, usage=usage, timings=Timings(decode_s=job_s))


def question(name: str = "?", max_tokens: int = 100) -> Generation:
    turn = Turn(role="user", parts=(Text(text=name),))
    return Generation(turns=(turn,), sampling=Sampling(), max_tokens=max_tokens)


def name_of(generation: Generation) -> str:
    ((part,),) = (turn.parts for turn in generation.turns)
    assert isinstance(part, Text)
    return part.text


class Puppet:
    """READY at once; `asked` are all generations that reached it, `aborted` the names of those that were given up."""

    def __init__(self, state: EngineState = EngineState.READY, *, slots: int = 1) -> None:
        self.slots = slots
        self.state = state
        self.model: LoadedModel | None = None if state is EngineState.STARTING else MODEL
        self.trouble: str | None = None
        self.capabilities = Capabilities()
        self.ready_in_s = 0.0
        self.busy_s = 0.0
        self.asked: list[Generation] = []
        self.aborted: list[str] = []
        self.unloads = 0
        self.open: dict[str, asyncio.Queue[Piece | Finish | Exception]] = {}  # in the order of their beginning
        self._ready = asyncio.Event()

    @property
    def names(self) -> list[str]:
        return [name_of(generation) for generation in self.asked]

    @property
    def is_asked(self) -> bool:
        """True while a generation is open."""
        return bool(self.open)

    def become(self, state: EngineState) -> None:
        self.state = state
        if state is EngineState.READY:
            self.model = MODEL
        self._ready.set()

    def say(self, *events: str | Finish | Exception, to: str | None = None) -> None:
        """What an open generation gives next: the one of this name, or the first."""
        strings = self.open[to or next(iter(self.open))]
        for event in events:
            strings.put_nowait(Piece(text=event) if isinstance(event, str) else event)

    async def ready(self) -> None:
        while self.state is not EngineState.READY:
            if self.state is EngineState.FAILED:
                raise DeviceUnavailable(DeviceFault.FAILED, "The puppet has failed.")
            if self.state is EngineState.UNLOADED:
                self.state = EngineState.WAKING
            self._ready.clear()
            await self._ready.wait()

    async def unload(self) -> None:
        assert not self.is_asked
        self.unloads += 1
        self.state = EngineState.UNLOADED

    async def generate(self, generation: Generation) -> AsyncGenerator[Event]:
        assert len(self.open) < self.slots, "more generations at once than there are slots"
        assert self.state is EngineState.READY
        name = name_of(generation)
        strings = self.open[name] = asyncio.Queue()
        self.asked.append(generation)
        has_ended = False
        try:
            while not has_ended:
                event = await strings.get()
                has_ended = not isinstance(event, Piece)
                if has_ended:
                    del self.open[name]
                if isinstance(event, Exception):
                    raise event
                yield event
        finally:
            if not has_ended:
                self.aborted.append(name)
                del self.open[name]
