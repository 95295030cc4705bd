"""Which models are served, and by which engines: what the file says in short or as a list, in one form. Pure."""

from dataclasses import dataclass, field, replace
from typing import Any

from hailo_vision.config.model_files import model_files
from hailo_vision.config.settings import (
    Device,
    Fallback,
    Generation,
    Kind,
    Llama,
    ModelEntry,
    Remote,
    Runtime,
    Settings,
    Simulator,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """One engine that can answer for a model, with all that it needs to know; it reads the sections that concern it.

    `hef` is the model's file for a chip, `llama` and `remote` are the sections with this model's own values in them.
    `takes_pictures` is whether pictures may be shown to it; `is_alone` whether no other engine answers where it can't,
    so that a chip that is missing at the start is an error and not waited for.
    """

    runtime: Runtime
    hef: str
    load_timeout_s: float
    reuse_context: bool = True
    takes_pictures: bool = True
    is_alone: bool = True
    device: Device = field(default_factory=Device)
    llama: Llama = field(default_factory=Llama)
    remote: Remote = field(default_factory=Remote)
    simulator: Simulator = field(default_factory=Simulator)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """A model as clients name it, and its `engines` in the order in which they are asked.

    `fallback` are the names of other models, whose engines answer where none of its own can. `keep_alive` is the
    seconds without a request after which it is unloaded, None keeps it loaded; a pinned model stays whatever a client
    says.
    """

    name: str
    engines: tuple[EngineSettings, ...]
    aliases: tuple[str, ...] = ()
    kind: Kind = "vision"
    fallback: tuple[str, ...] = ()
    keep_alive: float | None = None
    is_pinned: bool = False
    generation: Generation = field(default_factory=Generation)


def served(settings: Settings) -> tuple[ModelSettings, ...]:
    """The models in the order of the file; a request that names none gets the first one, where it may name none."""
    return tuple(_listed(settings, entry) for entry in settings.models) or one_model(settings)


def one_model(settings: Settings) -> tuple[ModelSettings, ...]:
    """What the sections say, which is the short form: `device.runtime` answers for the model, then `routing.fallback`.

    With `model.fallback_name` the fallback is a model of its own too.
    """
    model, routing = settings.model, settings.routing
    others: tuple[EngineSettings, ...] = ()
    if routing.fallback != "none" and routing.fallback != settings.device.runtime:
        sends = routing.fallback != "remote" or routing.send_pictures_away
        others = (_engine(settings, routing.fallback, takes_pictures=sends, is_alone=False),)
    own = _engine(settings, settings.device.runtime, takes_pictures=True, is_alone=not others)
    is_named = bool(others) and model.fallback_name is not None
    first = ModelSettings(
        name=model.name,
        aliases=model.aliases,
        engines=(own,) if is_named else (own, *others),
        fallback=(model.fallback_name,) if is_named and model.fallback_name else (),
        keep_alive=model.keep_alive,
        is_pinned=model.pinned,
        generation=settings.generation,
    )
    if not is_named or model.fallback_name is None:
        return (first,)
    second = ModelSettings(
        name=model.fallback_name,
        engines=others,
        keep_alive=model.keep_alive,
        is_pinned=model.pinned,
        generation=settings.generation,
    )
    return first, second


def as_one_model(settings: Settings, index: int = 0) -> Settings:
    """The short form of one model of a list, for commands that look at one model; other settings stay."""
    if not settings.models:
        return settings
    model = served(settings)[index]
    preferred, *others = model.engines
    fallback: Fallback = "none"
    for engine in reversed(others):
        if engine.runtime in ("llama", "remote", "simulated"):
            fallback = engine.runtime
    return replace(
        settings,
        device=replace(settings.device, runtime=preferred.runtime),
        model=replace(settings.model, name=model.name, aliases=model.aliases, hef=preferred.hef),
        llama=preferred.llama,
        remote=preferred.remote,
        routing=replace(
            settings.routing, fallback=fallback, send_pictures_away=settings.models[index].send_pictures_away
        ),
        models=(),
    )


def _listed(settings: Settings, entry: ModelEntry) -> ModelSettings:
    is_alone = len(entry.engine) == 1 and not entry.fallback
    return ModelSettings(
        name=entry.name,
        aliases=entry.aliases,
        kind=entry.kind,
        engines=tuple(_own(settings, entry, runtime, is_alone=is_alone) for runtime in entry.engine),
        fallback=entry.fallback,
        keep_alive=None if entry.keep == "pinned" else entry.keep,
        is_pinned=entry.keep == "pinned",
        generation=entry.generation or settings.generation,
    )


def _own(settings: Settings, entry: ModelEntry, runtime: Runtime, *, is_alone: bool) -> EngineSettings:
    """An engine of a model of the list: the sections, with the model's own values in the place of theirs."""
    files = model_files(entry)
    mmproj = None if entry.kind == "text" else entry.mmproj
    of_both = _without_none(context=entry.context, slots=entry.slots)
    remote = replace(
        settings.remote,
        base_url=entry.base_url,
        model=entry.remote_name or entry.name,
        key_file=entry.key_file,
        headers=entry.headers,
        **_without_none(native=entry.native),
        **of_both,
    )
    return EngineSettings(
        runtime=runtime,
        hef=files.hef or settings.model.hef,
        load_timeout_s=settings.model.load_timeout_s,
        reuse_context=settings.model.reuse_context,
        takes_pictures=runtime != "remote" or entry.send_pictures_away,
        is_alone=is_alone,
        device=settings.device,
        llama=replace(settings.llama, model=files.gguf or settings.llama.model, mmproj=mmproj, **of_both),
        remote=remote,
        simulator=settings.simulator,
    )


def _without_none(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _engine(settings: Settings, runtime: Runtime, *, takes_pictures: bool, is_alone: bool) -> EngineSettings:
    return EngineSettings(
        runtime=runtime,
        hef=settings.model.hef,
        load_timeout_s=settings.model.load_timeout_s,
        reuse_context=settings.model.reuse_context,
        takes_pictures=takes_pictures,
        is_alone=is_alone,
        device=settings.device,
        llama=settings.llama,
        remote=settings.remote,
        simulator=settings.simulator,
    )
