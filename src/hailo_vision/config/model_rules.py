"""What must fit in a list of models: names, engines, files, and the settings that only some engines read. Pure."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields

from hailo_vision.config import formats, words
from hailo_vision.config.model_files import NEEDS, model_files
from hailo_vision.config.settings import Llama, ModelEntry, Remote, Runtime, Settings
from hailo_vision.errors import ConfigProblem

# `auto` may take the chip; that it may take the stand-in too is for the daemon to see, which knows what it took.
_CHIPS: dict[str, frozenset[Runtime]] = {
    "the chip": frozenset({"hailo", "auto"}),
    "the simulated chip": frozenset({"simulated"}),
}
_REMOTE: tuple[Runtime, ...] = ("remote",)
_READERS: dict[str, tuple[Runtime, ...]] = {
    "mmproj": ("llama", "auto"),
    "base_url": _REMOTE,
    "remote_name": _REMOTE,
    "key_file": _REMOTE,
    "headers": _REMOTE,
    "native": _REMOTE,
    "send_pictures_away": _REMOTE,
    "context": ("llama", "remote", "auto"),
    "slots": ("llama", "remote", "auto"),
}

_Problem = tuple[str, str]  # a path inside the entry, and what is wrong there


def broken(settings: Settings) -> Iterator[ConfigProblem]:
    models = settings.models
    yield from (*_names(models), *_fallbacks(models), *_chips(models))
    for check in (_engines, _files, _formats, _unread, _text, _remote, _bounds):
        yield from _of_each(models, check)


def lengths(settings: Settings) -> Iterator[ConfigProblem]:
    yield from _of_each(settings.models, _lengths)


def _of_each(
    models: Sequence[ModelEntry], check: Callable[[ModelEntry], Iterator[_Problem]]
) -> Iterator[ConfigProblem]:
    for index, entry in enumerate(models):
        for path, message in check(entry):
            yield ConfigProblem(path=f"models[{index}].{path}", message=message)


def _names(models: Sequence[ModelEntry]) -> Iterator[ConfigProblem]:
    """Two models never share a name as clients write it; within one a name may also stand with its tag."""
    owners: dict[str, int] = {}
    for index, entry in enumerate(models):
        names = {"name": entry.name, **{f"aliases[{place}]": alias for place, alias in enumerate(entry.aliases)}}
        seen: set[str] = set()
        for path, name in names.items():
            owner = owners.setdefault(_tagged(name), index)
            if owner != index:
                message = f"{words.show(name)} is a name of models[{owner}] already{_as_tagged(name, models[owner])}"
                yield ConfigProblem(path=f"models[{index}].{path}", message=f"{message}; expected another name")
            elif name in seen:
                why = "is the model's name already" if name == entry.name else "stands twice"
                message = f"{words.show(name)} {why}; leave it out"
                yield ConfigProblem(path=f"models[{index}].{path}", message=message)
            seen.add(name)


def _tagged(name: str) -> str:
    """The name as serving/names.py compares it."""
    return name if ":" in name else f"{name}:latest"


def _as_tagged(name: str, owner: ModelEntry) -> str:
    return "" if name in (owner.name, *owner.aliases) else ", as a name without a tag is one with :latest"


def _fallbacks(models: Sequence[ModelEntry]) -> Iterator[ConfigProblem]:
    """Circles are no problem: only a fallback's own engines are asked, never its fallback."""
    names = [entry.name for entry in models]
    for index, entry in enumerate(models):
        others = [name for name in names if name != entry.name]
        for place, name in enumerate(entry.fallback):
            if name == entry.name:
                message = f"{words.show(name)} is this model itself; expected another model"
            elif name not in others:
                message = f"{words.show(name)} is not the name of another model; expected {_one_of(others)}"
            elif name in entry.fallback[:place]:
                message = f"{words.show(name)} stands twice; leave it out"
            else:
                continue
            yield ConfigProblem(path=f"models[{index}].{_item('fallback', place, entry.fallback)}", message=message)


def _one_of(names: Sequence[str]) -> str:
    """Not all of them where there are many: a message is one line."""
    shown = ", ".join(words.show(name) for name in names[:3])
    return f"one of {shown}{', ...' if len(names) > 3 else ''}" if names else "none, as there is no other model"


def _item(path: str, index: int, items: Sequence[str]) -> str:
    """Where an item of a list stands that may also be written as its only item."""
    return path if len(items) == 1 else f"{path}[{index}]"


def _chips(models: Sequence[ModelEntry]) -> Iterator[ConfigProblem]:
    for chip, runtimes in _CHIPS.items():
        first, *others = [index for index, entry in enumerate(models) if runtimes & set(entry.engine)] or [0]
        for index in others:
            engine = next(runtime for runtime in models[index].engine if runtime in runtimes)
            message = f"{engine} needs {chip}, which models[{first}] has; only one model can be on it yet"
            yield ConfigProblem(path=f"models[{index}].engine", message=f"{message}; expected llama or remote")


def _engines(entry: ModelEntry) -> Iterator[_Problem]:
    for index, runtime in enumerate(entry.engine):
        if runtime in entry.engine[:index]:
            yield f"engine[{index}]", f"{runtime} stands twice; leave it out"


def _files(entry: ModelEntry) -> Iterator[_Problem]:
    files = model_files(entry)
    for index in files.unread:
        message = f"{words.show(entry.file[index])} is read by none of its engines; leave it out"
        yield _item("file", index, entry.file), message
    for runtime in dict.fromkeys(entry.engine):
        needed = NEEDS[runtime]
        if any(getattr(files, known) is None for known in needed):
            problem = "lacks one" if entry.file else "is missing"
            formats_needed = " and ".join(f"a .{known} file" for known in needed)
            yield "file", f"{problem}; the engine {runtime} needs {formats_needed}"


def _formats(entry: ModelEntry) -> Iterator[_Problem]:
    checks: Iterable[tuple[str, str | None, Callable[[str], str | None]]] = (
        *((_item("file", index, entry.file), path, formats.absolute_path) for index, path in enumerate(entry.file)),
        ("mmproj", entry.mmproj, formats.absolute_path_or_auto),
        ("base_url", entry.base_url, formats.base_url),
        ("key_file", entry.key_file, formats.absolute_path),
        *((f"headers[{index}]", header, formats.header) for index, header in enumerate(entry.headers)),
    )
    for path, text, check in checks:
        if text is not None and (message := check(text)):
            yield path, message


def _unread(entry: ModelEntry) -> Iterator[_Problem]:
    defaults = {key.name: key.default for key in fields(entry)}
    for name, readers in _READERS.items():
        if getattr(entry, name) != defaults[name] and not set(readers) & set(entry.engine):
            yield name, f"is only read by the engine {_or(readers)}; leave it out"


def _or(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last


def _text(entry: ModelEntry) -> Iterator[_Problem]:
    if entry.kind == "text":
        if entry.mmproj not in (None, "auto"):
            yield "mmproj", "a model of kind text has no vision projector; leave it out, or set kind to vision"
        for runtime in entry.engine:
            if any(runtime in runtimes for runtimes in _CHIPS.values()):
                yield "kind", f"text does not go with the engine {runtime}, which takes models of kind vision alone yet"
        if entry.send_pictures_away:
            yield "send_pictures_away", "a model of kind text takes no pictures; leave it out, or set kind to vision"


def _remote(entry: ModelEntry) -> Iterator[_Problem]:
    if "remote" in entry.engine and entry.base_url is None:
        yield "base_url", "is missing; the engine remote needs it"


def _bounds(entry: ModelEntry) -> Iterator[_Problem]:
    """An engine may take less than the largest that any takes."""
    for runtime, section in (("llama", Llama), ("auto", Llama), ("remote", Remote)):
        limits = {key.name: key.metadata["maximum"] for key in fields(section) if key.name in ("context", "slots")}
        for name, maximum in limits.items():
            value = getattr(entry, name)
            if runtime in entry.engine and value is not None and value > maximum:
                yield name, f"{value} is too large for {runtime}; expected a whole number up to {maximum}"


def _lengths(entry: ModelEntry) -> Iterator[_Problem]:
    generation = entry.generation
    if generation is not None and generation.max_tokens > generation.max_tokens_limit:
        limit = generation.max_tokens_limit
        message = f"{generation.max_tokens} is more than max_tokens_limit, {limit}"
        yield "generation.max_tokens", f"{message}; expected a whole number from 1 to {limit}"
