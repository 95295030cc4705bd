"""The two ways to say what is served: one model by sections, or a list. Says the first by the second. Pure."""

from collections.abc import Iterator
from dataclasses import fields, replace

from hailo_vision.config.model_files import READS
from hailo_vision.config.parse import Tree
from hailo_vision.config.served import EngineSettings, ModelSettings, one_model
from hailo_vision.config.settings import NAME_A_MODEL, ModelEntry, Settings
from hailo_vision.config.write_yaml import written
from hailo_vision.errors import ConfigProblem


def both(tree: Tree, settings: Settings) -> Iterator[ConfigProblem]:
    """The problem of a file that has a list of models and keys of sections that it takes the place of."""
    if not tree.get("models"):
        return
    if paths := [path for path in NAME_A_MODEL if _stands(tree, path)]:
        message = f"takes the place of {', '.join(paths)}; leave those out, or the list"
        yield ConfigProblem(path="models", message=message, remedy=_remedy(settings))


def _stands(tree: Tree, path: str) -> bool:
    section, _, key = path.partition(".")
    values = tree.get(section)
    return isinstance(values, dict) and key in values


def _remedy(settings: Settings) -> str:
    secret = " but for remote.headers, which may be secret and belong in headers" if settings.remote.headers else ""
    return f"This list says the same as those keys{secret}:\n\n{as_list(settings)}"


def as_list(settings: Settings) -> str:
    """YAML with the list that says the same as the sections, but for headers. What names no model stays in these."""
    return written({"models": [_without_defaults(_entry(model)) for model in one_model(settings)]})


def _entry(model: ModelSettings) -> ModelEntry:
    runtimes = tuple(engine.runtime for engine in model.engines)
    preferred = model.engines[0]
    paths = {"hef": preferred.hef, "gguf": preferred.llama.model}
    formats = dict.fromkeys(known for runtime in runtimes for known in READS[runtime])
    entry = ModelEntry(
        name=model.name,
        aliases=model.aliases,
        kind=model.kind,
        engine=runtimes,
        file=tuple(paths[known] for known in formats),
        mmproj=preferred.llama.mmproj if "gguf" in formats else "auto",
        keep="pinned" if model.is_pinned else model.keep_alive,
        fallback=model.fallback,
    )
    for engine in model.engines:
        if engine.runtime == "remote":
            return _with_remote(entry, engine)
    return entry


def _with_remote(entry: ModelEntry, engine: EngineSettings) -> ModelEntry:
    return replace(
        entry,
        base_url=engine.remote.base_url,
        remote_name=None if engine.remote.model == entry.name else engine.remote.model,
        key_file=engine.remote.key_file,
        send_pictures_away=engine.takes_pictures,
    )


def _without_defaults(entry: ModelEntry) -> Tree:
    """The values of an entry that are no defaults; a list of one is written as its item."""
    values = {key.name: getattr(entry, key.name) for key in fields(entry) if getattr(entry, key.name) != key.default}
    lists = {key.name for key in fields(entry) if key.metadata.get("or_one")}
    return {key: value[0] if key in lists and len(value) == 1 else value for key, value in values.items()}
