"""A file's tree that was checked becomes Settings, and Settings become a tree again. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from hailo_vision.config.parse import Tree
from hailo_vision.config.settings import NAME_A_MODEL, SECTIONS, ModelEntry, Settings


def settings_from(tree: Tree, without: frozenset[str] = frozenset()) -> Settings:
    """The settings of a tree that was checked, defaults for what it doesn't name or what is in `without`."""
    sections = {name: _section(name, section, tree, without) for name, section in SECTIONS.items()}
    entries = tree.get("models") if "models" not in without else None
    return Settings(**sections, models=tuple(_entry(entry, sections) for entry in entries or ()))


def tree_from(settings: Settings) -> Tree:
    """All settings; with a list of models those are left out that it takes the place of."""
    tree = asdict(settings)
    for path in NAME_A_MODEL if settings.models else ():
        section, _, key = path.partition(".")
        del tree[section][key]
    return tree


def _section(name: str, section: type[Any], tree: Tree, without: frozenset[str]) -> Any:
    values = tree.get(name)
    if not isinstance(values, dict):
        return section()
    return section(**_values(section, {key: values[key] for key in values if f"{name}.{key}" not in without}))


def _entry(values: Tree, sections: Mapping[str, Any]) -> ModelEntry:
    """A part of a model that is called as a section begins with what the section says."""
    parts = {
        key: replace(sections[key], **_values(type(sections[key]), value))
        for key, value in values.items()
        if key in sections and value is not None
    }
    return ModelEntry(**{**_values(ModelEntry, values), **parts})


def _values(of: type[Any], values: Tree) -> Tree:
    hints = get_type_hints(of)
    return {key.name: _value(values[key.name], hints[key.name]) for key in fields(of) if key.name in values}


def _value(value: Any, hint: Any) -> Any:
    allowed = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    match value:
        case list():
            return tuple(value)
        case str() if get_origin(hint) is tuple:
            return (value,)  # the only one of its list
        case int() if float in allowed and not isinstance(value, bool):
            return float(value)
        case _:
            return value
