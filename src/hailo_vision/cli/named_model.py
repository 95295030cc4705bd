"""The model that `serve --model` names: a model of the catalogue, a GGUF file, or a repository of the hub.

What is not on the disk is pulled first; then the settings say of that one model what a configuration would have said.
"""

import asyncio
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from hailo_vision.config.settings import Runtime, Settings
from hailo_vision.errors import ModelError, ModelFault
from hailo_vision.models import hub
from hailo_vision.models.catalogue import CATALOGUE, GGUF, ModelFile, builds, fitting, fitting_warning
from hailo_vision.models.progress import Printer
from hailo_vision.models.projector import is_projector, model_name
from hailo_vision.models.pull import Pulled, pull
from hailo_vision.models.release import runtime_release
from hailo_vision.models.store import model_path, model_paths


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedModel:
    """A model that is on the disk: its name in the API, what runs it, and its file."""

    name: str
    runtime: Runtime
    path: Path

    def served_by(self, settings: Settings) -> Settings:
        """The same settings, but for the models: this one is the only one, with its projector beside it."""
        settings = replace(
            settings,
            models=(),
            device=replace(settings.device, runtime=self.runtime),
            model=replace(settings.model, name=self.name, aliases=(), fallback_name=None),
        )
        if self.runtime == "llama":
            return replace(settings, llama=replace(settings.llama, model=str(self.path), mmproj="auto"))
        return replace(settings, model=replace(settings.model, hef=str(self.path)))


def named_model(spelling: str, settings: Settings) -> NamedModel:
    """Finds the model, and pulls what of it is not on the disk. Raises ModelError, KeyboardInterrupt at Ctrl-C."""
    if spelling.lower().endswith(".gguf") and not spelling.startswith(hub.PREFIX):
        return _on_disk(Path(os.path.abspath(spelling)))
    folder = Path(os.path.abspath(settings.model.hef)).parent
    if present := pulled_before(spelling, folder):
        return NamedModel(name=model_name(present[0].name), runtime="llama", path=present[0])
    files = files_named(spelling, settings)
    for file in files:
        fetch(file, folder)
    first = files[0]
    runtime: Runtime = "llama" if first.release == GGUF else "hailo"
    return NamedModel(name=name_of(first), runtime=runtime, path=folder / first.file)


def is_on_disk(spelling: str, settings: Settings) -> bool:
    """Whether the model can be served without a network. Raises ModelError for a model that there is not."""
    folder = Path(os.path.abspath(settings.model.hef)).parent
    if spelling.startswith(hub.PREFIX):
        return bool(pulled_before(spelling, folder))
    if spelling.lower().endswith(".gguf"):
        return os.path.isfile(spelling)
    return all(model_path(folder, file.file).origin is not None for file in files_named(spelling, settings))


def pulled_before(spelling: str, folder: Path) -> list[Path]:
    """The files of a model of the hub that are on the disk, the projector last; none if one of them is not whole."""
    models = [model for model in model_paths(folder) if model.origin is not None and model.origin.model == spelling]
    if not spelling.startswith(hub.PREFIX) or any(model.size_bytes is None for model in models):
        return []
    return sorted((model.path for model in models), key=lambda path: (is_projector(path.name), path.name))


def files_named(
    spelling: str, settings: Settings, release: str | None = None, mirror: str | None = None
) -> tuple[ModelFile, ...]:
    """The files of a model of the catalogue or of the hub; the first is the one that a configuration names."""
    if spelling.startswith(hub.PREFIX):
        return asyncio.run(hub.files_of(hub.repository(spelling), mirror or os.environ.get("HF_ENDPOINT") or None))
    files = builds(CATALOGUE, spelling)
    if files[0].release == GGUF:
        return tuple(sorted(files, key=lambda file: is_projector(file.file)))
    version = runtime_release(settings, release).version
    file = fitting(files, version)
    if warning := fitting_warning(file, version):
        print(f"Warning: {warning}", file=sys.stderr)
    return (file,)


def name_of(file: ModelFile) -> str:
    """The name in the API: that of the catalogue without its mark for GGUF, or that of the file."""
    return model_name(file.file) if file.model.startswith(hub.PREFIX) else file.model.removesuffix("-gguf")


def fetch(file: ModelFile, folder: Path, *, mirror: str | None = None, force: bool = False) -> Pulled:
    """Pulls a file that is not on the disk, with its progress on standard error. Raises ModelError."""
    variable = "HF_ENDPOINT" if file.release == GGUF else "HAILO_VISION_MIRROR"
    printer = Printer(sys.stderr)
    try:
        return asyncio.run(
            pull(file, folder, report=printer.show, mirror=mirror or os.environ.get(variable) or None, force=force)
        )
    finally:
        printer.end()


def _on_disk(path: Path) -> NamedModel:
    if not path.is_file():
        raise ModelError(ModelFault.NOT_ON_DISK, f"There is no file {path}.")
    if is_projector(path.name):
        message = f"{path.name} is a vision projector; name the model's own file, and it is found beside it."
        raise ModelError(ModelFault.WRONG_FILE, message)
    return NamedModel(name=model_name(path.name) or path.stem, runtime="llama", path=path)
