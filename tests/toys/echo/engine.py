"""An engine that says back what it was told: all that an engine has to be."""

from collections.abc import AsyncGenerator

from hailo_vision.chat import (
    Capabilities,
    Event,
    Finish,
    FinishReason,
    Generation,
    LoadedModel,
    ModelFacts,
    Piece,
    Text,
    Timings,
    Usage,
)
from hailo_vision.config.served import EngineSettings
from hailo_vision.engines.contract import EngineState, OnChange, OnRestart


class EchoEngine:
    def __init__(self) -> None:
        self.slots = 1
        self.state = EngineState.READY
        self.model: LoadedModel | None = LoadedModel(
            runtime="echo",
            runtime_version="1",
            device="none",
            frame_width_px=28,
            frame_height_px=28,
            context_tokens=2048,
            image_tokens=1,
            max_images=0,
            load_s=0.0,
        )
        self.facts = ModelFacts()
        self.capabilities = Capabilities()
        self.trouble: str | None = None
        self.ready_in_s = 0.0
        self.busy_s = 0.0
        self.worker_pid: int | None = None
        self.restarts = 0

    async def ready(self) -> None:
        """It always is."""

    async def unload(self) -> None:
        """There is nothing to unload."""

    async def run(self) -> None:
        """There is nothing to keep alive."""

    async def generate(self, generation: Generation) -> AsyncGenerator[Event]:
        words = [part.text for part in generation.turns[-1].parts if isinstance(part, Text)]
        for word in words:
            yield Piece(text=word)
        usage = Usage(prompt_tokens=len(words), completion_tokens=len(words))
        yield Finish(reason=FinishReason.STOP, usage=usage, timings=Timings())


def build(settings: EngineSettings, on_change: OnChange, on_restart: OnRestart) -> EchoEngine:
    return EchoEngine()
