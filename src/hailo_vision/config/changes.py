"""What differs between two Settings, and what of it a running daemon can take up. Pure."""

import re
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

from hailo_vision.config.settings import SECTIONS, ModelEntry, Settings

_PLACE = re.compile(r"\[\d+\]")


def reloadable() -> frozenset[str]:
    """The paths of all settings with the metadata `reload`, such as `queue.depth`, and `models[].keep` of any model."""
    sections = {**SECTIONS, "models[]": ModelEntry}
    return frozenset(f"{name}.{key.name}" for name, section in sections.items() for key in _reloadable(section))


def is_reloadable(path: str) -> bool:
    """Whether a running daemon can take up a new value of what `changed` has named."""
    return _PLACE.sub("[]", path) in reloadable()


def changed(old: Settings, new: Settings) -> tuple[str, ...]:
    """The paths of the settings that differ, in the order of the file."""
    sections = ((name, getattr(old, name), getattr(new, name)) for name in SECTIONS)
    return (*(path for section in sections for path in _differing(*section)), *_changed_models(old, new))


def taken_up(old: Settings, new: Settings) -> Settings:
    """`old` with the values of `new` where a running daemon can take them up."""
    sections = {name: _taken_up(getattr(old, name), getattr(new, name)) for name in SECTIONS}
    known = {entry.name: entry for entry in new.models}
    models = tuple(_taken_up(entry, known.get(entry.name, entry)) for entry in old.models)
    return replace(old, **sections, models=models)


def _changed_models(old: Settings, new: Settings) -> Iterator[str]:
    """Models are told apart by their names: the list as a whole differs where these do, or their order."""
    if [entry.name for entry in old.models] != [entry.name for entry in new.models]:
        yield "models"
    known = {entry.name: entry for entry in old.models}
    for index, entry in enumerate(new.models):
        yield from _differing(f"models[{index}]", known.get(entry.name, entry), entry)


def _differing(path: str, old: Any, new: Any) -> Iterator[str]:
    for key in fields(old):
        if getattr(old, key.name) != getattr(new, key.name):
            yield f"{path}.{key.name}"


def _taken_up(old: Any, new: Any) -> Any:
    return replace(old, **{key.name: getattr(new, key.name) for key in _reloadable(type(old))})


def _reloadable(of: type[Any]) -> Iterator[Any]:
    return (key for key in fields(of) if key.metadata.get("reload"))
