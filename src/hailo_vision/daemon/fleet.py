"""Builds the served models from the settings: their engines, queues and fallbacks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from hailo_vision.config import settings
from hailo_vision.config.served import EngineSettings, ModelSettings
from hailo_vision.engines.chip.build import build_probe
from hailo_vision.engines.chip.probe import ChipProbe
from hailo_vision.engines.choose import choose_engine
from hailo_vision.engines.contract import DrivenEngine, Engine, OnRestart
from hailo_vision.engines.table import ENGINES, Factory, build_engine
from hailo_vision.generate.pipeline import Pipeline
from hailo_vision.generate.validator import ValidatorProcesses
from hailo_vision.images.pictures import Pictures
from hailo_vision.scheduler.scheduler import Scheduler
from hailo_vision.scheduler.turns import Turns
from hailo_vision.serving.backend import Backend
from hailo_vision.serving.served import ServedModel, ServedModels

MakeScheduler = Callable[[Engine, ModelSettings, str], Scheduler]  # of an engine, for a model, by its engine's name
Changed = Callable[[int, Engine], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineChoice:
    """The models with engines that are never `auto`, and why the default model's preferred engine is the one it is."""

    models: tuple[ModelSettings, ...]
    reason: str

    @property
    def runtime(self) -> settings.Runtime:
        return self.models[0].engines[0].runtime

    @property
    def engines(self) -> int:
        return sum(len(model.engines) for model in self.models)


def choose(models: tuple[ModelSettings, ...]) -> EngineChoice:
    """Look which engine `auto` is on this machine. An engine that a model would have twice is there once."""
    reason = choose_engine(models[0].engines[0]).reason
    return EngineChoice(models=tuple(_resolved(model) for model in models), reason=reason)


def _resolved(model: ModelSettings) -> ModelSettings:
    engines: dict[settings.Runtime, EngineSettings] = {}
    for engine in model.engines:
        runtime = choose_engine(engine).runtime
        engines.setdefault(runtime, replace(engine, runtime=runtime))
    is_alone = len(engines) == 1 and not model.fallback
    return replace(model, engines=tuple(replace(engine, is_alone=is_alone) for engine in engines.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """The parts that a daemon runs: engines and queues by model, and the probe of the chip's temperature."""

    models: ServedModels
    engines: tuple[DrivenEngine, ...]
    schedulers: tuple[tuple[str, Scheduler], ...]  # each with the name of the model that it belongs to
    probe: ChipProbe | None

    def reconfigure(self, queue: settings.Queue, models: tuple[ModelSettings, ...]) -> None:
        """Change the bounds of the queues for new requests."""
        by_name = {model.name: model for model in models}
        for name, scheduler in self.schedulers:
            if (model := by_name.get(name)) is not None:
                scheduler.reconfigure(queue, keep_alive=model.keep_alive, is_pinned=model.is_pinned)


def build(
    choice: EngineChoice,
    schedule: MakeScheduler,
    pictures: Pictures,
    on_change: Changed,
    on_restart: OnRestart,
    table: Mapping[str, Factory] = ENGINES,
) -> Fleet:
    """Build the engines, queues and pipelines of all models.

    Raises NoDevice where a model has no device and no other engine answers for it.
    """
    engines: list[DrivenEngine] = []
    processes, tool_turns = ValidatorProcesses(), Turns(1)
    schedulers: list[tuple[str, Scheduler]] = []
    own: dict[str, tuple[Backend, ...]] = {}
    for model in choice.models:
        backends = []
        for engine_settings in model.engines:
            engine = build_engine(engine_settings, partial(on_change, len(engines)), on_restart, table)
            scheduler = schedule(engine, model, engine_settings.runtime)
            engines.append(engine)
            schedulers.append((model.name, scheduler))
            backends.append(
                Backend(
                    name=engine_settings.runtime,
                    engine=engine,
                    scheduler=scheduler,
                    pipeline=Pipeline(scheduler, pictures, processes, tool_turns),
                    takes_pictures=engine_settings.takes_pictures,
                )
            )
        own[model.name] = tuple(backends)
    served = [ServedModel(model, own[model.name], _others(model, own)) for model in choice.models]
    probes = (build_probe(engine_settings) for model in choice.models for engine_settings in model.engines)
    return Fleet(
        models=ServedModels(served),
        engines=tuple(engines),
        schedulers=tuple(schedulers),
        probe=next((probe for probe in probes if probe is not None), None),
    )


def _others(model: ModelSettings, own: dict[str, tuple[Backend, ...]]) -> tuple[Backend, ...]:
    return tuple(backend for name in model.fallback for backend in own[name])
