"""The two ways to say what is served: one model by sections, or a list. Says the first by the second. Pure."""

from collections.abc import Iterator
from dataclasses import fields

from hailo_vision.config.model_files import READS
from hailo_vision.config.parse import Tree
from hailo_vision.config.served import ModelSettings, one_model
from hailo_vision.config.settings import NAME_A_MODEL, ModelEntry, Settings
from hailo_vision.config.write_yaml import written
from hailo_vision.errors import ConfigProblem


def both(tree: Tree, settings: Settings) -> Iterator[ConfigProblem]:
    """The problem of a file that has a list of models and keys of sections that it takes the place of."""
    if not tree.get("models"):
        return
    if given := [path for path in NAME_A_MODEL if _stands(tree, path)]:
        yield ConfigProblem(
            path="models",
            message=f"stands beside {', '.join(given)}, which say of one model what the list says; keep either",
            remedy=f"These lines say the same as {', '.join(given)}:\n\n{as_list(settings)}",
        )


def _stands(tree: Tree, path: str) -> bool:
    section, _, key = path.partition(".")
    given = tree.get(section)
    return isinstance(given, dict) and key in given


def as_list(settings: Settings) -> str:
    """YAML with the list that says the same as the sections; what does not name a model is to stay in these."""
    return written({"models": [_given(_entry(model)) for model in one_model(settings)]})


def _entry(model: ModelSettings) -> ModelEntry:
    runtimes = tuple(engine.runtime for engine in model.engines)
    first, *_ = model.engines
    paths = {"hef": first.hef, "gguf": first.llama.model}
    formats = dict.fromkeys(known for runtime in runtimes for known in READS[runtime])
    remote = next((engine for engine in model.engines if engine.runtime == "remote"), None)
    away = (
        {}
        if remote is None
        else {
            "base_url": remote.remote.base_url,
            "remote_name": None if remote.remote.model == model.name else remote.remote.model,
            "key_file": remote.remote.key_file,
            "headers": remote.remote.headers,
            "send_pictures_away": remote.takes_pictures,
        }
    )
    return ModelEntry(
        name=model.name,
        aliases=model.aliases,
        kind=model.kind,
        engine=runtimes,
        file=tuple(paths[known] for known in formats),
        mmproj=first.llama.mmproj if "gguf" in formats else None,
        keep="pinned" if model.is_pinned else model.keep_alive,
        fallback=model.fallback,
        **away,
    )


def _given(entry: ModelEntry) -> Tree:
    """What an entry has to say: nothing that is its default, and the only item of a list for the list."""
    values = {key.name: getattr(entry, key.name) for key in fields(entry) if getattr(entry, key.name) != key.default}
    one = {key.name for key in fields(entry) if key.metadata.get("or_one")}
    return {key: value[0] if key in one and len(value) == 1 else value for key, value in values.items()}
