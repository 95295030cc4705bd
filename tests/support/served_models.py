"""Served models without engines that run, for tests of what is said of them."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

from hailo_vision.chat import Capabilities, LoadedModel, ModelFacts
from hailo_vision.config.served import EngineSettings, ModelSettings
from hailo_vision.engines.contract import EngineState
from hailo_vision.serving.backend import Backend
from hailo_vision.serving.served import ServedModel, ServedModels


@dataclass(kw_only=True)
class StillEngine:
    """An engine that has a model, or not, and does nothing."""

    model: LoadedModel | None = None
    facts: ModelFacts = field(default_factory=ModelFacts)
    capabilities: Capabilities = field(default_factory=Capabilities)
    state: EngineState = EngineState.READY


def served_model(
    name: str,
    *aliases: str,
    runtime: str = "hailo",
    kind: Any = "vision",
    engine: StillEngine | None = None,
    takes_pictures: bool = True,
) -> ServedModel:
    still = engine or StillEngine()
    scheduler = SimpleNamespace(engine_model=still.model, capabilities=still.capabilities, unready=None)
    backend = Backend(
        name=runtime,
        engine=cast(Any, still),
        scheduler=cast(Any, scheduler),
        pipeline=cast(Any, None),
        takes_pictures=takes_pictures,
    )
    engines = (EngineSettings(runtime="hailo", hef="/none.hef", load_timeout_s=1),)
    return ServedModel(ModelSettings(name=name, aliases=aliases, kind=kind, engines=engines), (backend,))


def served_models(*models: ServedModel) -> ServedModels:
    return ServedModels(models)
