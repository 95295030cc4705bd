"""What differs between two Settings, and what of it a running daemon can take up. Pure."""

from dataclasses import fields, replace
from typing import Any, get_type_hints

from hailo_vision.config.settings import SECTIONS, Settings


def reloadable() -> frozenset[str]:
    """The paths of all settings with the metadata `reload`, such as `queue.depth`."""
    sections: dict[str, Any] = get_type_hints(Settings)
    return frozenset(
        f"{name}.{key.name}" for name in SECTIONS for key in fields(sections[name]) if key.metadata.get("reload")
    )


def changed(old: Settings, new: Settings) -> tuple[str, ...]:
    """The paths of the settings that differ, in the order of the file."""
    return tuple(
        f"{name}.{key.name}"
        for name in SECTIONS
        for key in fields(getattr(old, name))
        if getattr(getattr(old, name), key.name) != getattr(getattr(new, name), key.name)
    )


def taken_up(old: Settings, new: Settings) -> Settings:
    """`old` with the values of `new` where a running daemon can take them up."""
    taken: dict[str, dict[str, Any]] = {}
    for path in reloadable():
        section, _, key = path.partition(".")
        taken.setdefault(section, {})[key] = getattr(getattr(new, section), key)
    return replace(old, **{name: replace(getattr(old, name), **keys) for name, keys in taken.items()})
