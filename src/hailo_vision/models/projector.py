"""Finds the vision projector (mmproj) that belongs to a GGUF model: the one beside it with the model's name."""

import os
import re
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Final

from hailo_vision.config.settings import Llama
from hailo_vision.models.catalogue import CATALOGUE, GGUF, ModelFile

AUTO: Final = "auto"
_MARK: Final = "mmproj"
# What names of files add to the model's: how its numbers are kept, which part of several it is, the mark itself.
_ADDED: Final = re.compile(
    r"[-_.](?:i?q[1-8](?:_[a-z0-9]+)*|bf16|f16|f32|fp16|fp32|mxfp4(?:_moe)?|ud|model|mmproj|\d{5}-of-\d{5})(?=[-_.]|$)"
)


def with_projector(llama: Llama) -> Llama:
    """The same settings, where `auto` in `llama.mmproj` is the path of the projector beside the model, or None."""
    return replace(llama, mmproj=projector_beside(llama.model)) if llama.mmproj == AUTO else llama


def projector_beside(model: str) -> str | None:
    """The path of the model's projector; None where there is none, or several and none of the model's name.

    For a model of the catalogue it is the path at which a pull puts the projector, whether it is there or not.
    """
    folder, name = os.path.split(model)
    if (file := _of_the_catalogue(name)) is not None:
        return os.path.join(folder, file)
    try:
        file = choose(name, _names(folder, os.stat(folder).st_mtime_ns))
    except OSError:
        return None
    return None if file is None else os.path.join(folder, file)


@lru_cache(maxsize=16)
def _names(folder: str, _changed_ns: int) -> tuple[str, ...]:
    """The names of the GGUF files in a folder, read anew when it has changed: each request may ask for them."""
    return tuple(sorted(name for name in os.listdir(folder) if name.endswith(".gguf")))


def choose(model: str, names: Iterable[str]) -> str | None:
    """The projector of a model among the names of the files that lie or stand in a listing together. Pure."""
    names = list(names)
    projectors = [name for name in names if is_projector(name)]
    if named := [name for name in projectors if model_name(name) == model_name(model)]:
        return min(named, key=_preference)
    models = {model_name(name) for name in names if not is_projector(name)}
    nameless = [name for name in projectors if not model_name(name)]  # mmproj-F16.gguf, as many repositories call it
    return min(nameless, key=_preference) if nameless and models <= {model_name(model)} else None


def is_projector(name: str) -> bool:
    return _MARK in name.lower()


def model_name(file: str) -> str:
    """The name that files of one model share, in lower case: without the suffix, the quantisation and `mmproj`."""
    name = "-" + Path(file).name.lower().removesuffix(".gguf")
    while (shorter := _ADDED.sub("", name)) != name:
        name = shorter
    return name.strip("-_.")


def _preference(name: str) -> tuple[int, str]:
    """A projector of 8 bits is half as large as one of 16, and as good."""
    lower = name.lower()
    order = [index for index, kind in enumerate(("q8_0", "f16", "bf16", "f32")) if kind in lower]
    return (min(order, default=9), lower)


def _of_the_catalogue(name: str) -> str | None:
    def with_name(file: ModelFile) -> bool:
        return file.release == GGUF and file.file == name

    entry = next(filter(with_name, CATALOGUE), None)
    if entry is None:
        return None
    return next((file.file for file in CATALOGUE if file.model == entry.model and is_projector(file.file)), None)
