"""The models that are served, by name, and what can answer for each of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from hailo_vision.chat import Capabilities, ModelFacts
from hailo_vision.config.served import ModelSettings
from hailo_vision.config.settings import Generation, Kind
from hailo_vision.engines.contract import EngineState
from hailo_vision.errors import NotReady
from hailo_vision.serving.backend import Backend
from hailo_vision.serving.names import spelling, tagged
from hailo_vision.serving.routing import Router

_LOADED = (EngineState.READY, EngineState.BUSY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a parser has to know of the model that a request names: nothing in it changes while it is answered.

    `capabilities` are those of the engine that is asked first; `engine` is its name.
    """

    name: str
    engine: str = ""
    capabilities: Capabilities = field(default_factory=Capabilities)
    generation: Generation = field(default_factory=Generation)


class ServedModel:
    """A model by its name and aliases, over the backends that answer for it in the order in which they are asked.

    `own` are the model's own engines, `others` those of the models that it names as its fallback.
    """

    def __init__(self, settings: ModelSettings, own: Sequence[Backend], others: Sequence[Backend] = ()) -> None:
        self._settings = settings
        self.own = tuple(own)
        self.router = Router(settings.name, self.own, tuple(others))

    @property
    def name(self) -> str:
        return self._settings.name

    @property
    def aliases(self) -> tuple[str, ...]:
        return self._settings.aliases

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.aliases)

    @property
    def kind(self) -> Kind:
        return self._settings.kind

    @property
    def keep_alive(self) -> float | None:
        """Seconds without a request after which the model is unloaded; None keeps it loaded."""
        return self._settings.keep_alive

    @property
    def backend(self) -> Backend:
        """The backend that is asked before all others."""
        return self.own[0]

    @property
    def backends(self) -> tuple[Backend, ...]:
        return self.router.backends

    @property
    def target(self) -> Target:
        backend = self.backend
        return Target(
            name=self.name,
            engine=backend.name,
            capabilities=backend.scheduler.capabilities,
            generation=self._settings.generation,
        )

    @property
    def facts(self) -> ModelFacts:
        """What is known of the model by its preferred engine. May look at the disk."""
        return self.backend.engine.facts

    @property
    def sees(self) -> bool:
        """Whether one of the model's own engines may be shown a picture, as /health says of each.

        One that is not loaded yet is taken for what its files say. May look at the disk.
        """
        return self.kind == "vision" and any(_takes_pictures(backend) for backend in self.own)

    @property
    def is_loaded(self) -> bool:
        return self.backend.engine.state in _LOADED

    @property
    def unready(self) -> NotReady | None:
        """Why a question about a picture would not be taken now; None where one would be."""
        return self.router.unready


def _takes_pictures(backend: Backend) -> bool:
    return backend.sees and "image" in (backend.engine.facts.modalities or ("image",))


class ServedModels:
    """All models that are served, in the order of the configuration."""

    def __init__(self, models: Sequence[ServedModel]) -> None:
        self._models = tuple(models)
        self._by_name = {tagged(name): model for model in self._models for name in model.names}
        self._by_spelling: dict[str, ServedModel] = {}
        for name, model in self._by_name.items():
            self._by_spelling.setdefault(spelling(name), model)

    def __iter__(self) -> Iterator[ServedModel]:
        return iter(self._models)

    @property
    def default(self) -> ServedModel:
        """The model of a request that names none, on routes where that is allowed."""
        return self._models[0]

    @property
    def backends(self) -> tuple[Backend, ...]:
        """Each backend once, in the order of the models."""
        return tuple(backend for model in self._models for backend in model.own)

    def find(self, name: str) -> ServedModel | None:
        """The model with this name or alias, written with the tag `:latest` or without; else in another spelling."""
        return self._by_name.get(tagged(name)) or self._by_spelling.get(spelling(name))
