"""The files that llama.cpp loads: they exist, are complete by their headers, of the right kind, and readable."""

from pathlib import Path

from hailo_vision.doctor.files import Head, closed_to, head_of, hidden
from hailo_vision.doctor.finding import Finding, failed, ok, warning
from hailo_vision.doctor.installation import Installation
from hailo_vision.doctor.model import pull
from hailo_vision.models import gguf
from hailo_vision.models.catalogue import CATALOGUE, GGUF, ModelFile
from hailo_vision.models.gguf import FACTS_BYTES, PROJECTOR, facts_in
from hailo_vision.models.listing import size
from hailo_vision.models.projector import AUTO, projector_beside
from hailo_vision.models.store import ModelPath


def model(installation: Installation) -> Finding:
    return _look(installation, "model", installation.settings.llama.model)


def mmproj(installation: Installation) -> Finding:
    llama = installation.settings.llama
    if (path := projector(installation)) is not None:
        return _look(installation, "mmproj", path)
    if llama.mmproj == AUTO:
        return warning(
            f"{llama.model} has no vision projector (mmproj) beside it, so pictures are refused",
            "If the model takes pictures, put its projector's file beside it, or name it in llama.mmproj.",
        )
    return warning(
        "llama.mmproj is null, so the model has no vision projector, and pictures are refused",
        "If the model takes pictures, set llama.mmproj to the file of its vision projector (mmproj), or to auto.",
    )


def projector(installation: Installation) -> str | None:
    """The path of the vision projector, as the settings name it or as it lies beside the model."""
    llama = installation.settings.llama
    if llama.mmproj != AUTO:
        return llama.mmproj
    beside = projector_beside(str(installation.machine.path(llama.model)))
    return beside and str(Path(llama.model).with_name(Path(beside).name))


def draft_model(installation: Installation) -> Finding:
    configured = installation.settings.llama.draft_model
    if configured is None:
        return failed(
            "llama.draft_model is not set", "Set it to a small model's file, or llama.speculative to another."
        )
    return _look(installation, "draft_model", configured)


def _look(installation: Installation, setting: str, configured: str) -> Finding:
    model_path = ModelPath(path=installation.machine.path(configured))
    entry = next((file for file in CATALOGUE if (file.file, file.release) == (model_path.path.name, GGUF)), None)
    advice, retry_advice = (
        _get(installation, setting, model_path.path, entry, options) for options in ("", " --force")
    )
    head = head_of(model_path.path, FACTS_BYTES, get=advice, broken="Check the disk, then get the file again.")
    if isinstance(head, Finding):
        return head
    if fault := gguf.fault_in(head.start[: gguf.HEADER_BYTES], head.size_bytes) or _cut(model_path, head):
        return failed(f"{model_path.path} {fault}", f"{retry_advice[:1].upper()}{retry_advice[1:]}")
    if fault := _of_another_kind(setting, head):
        return failed(
            f"{model_path.path} {fault}",
            f"Set llama.{setting} to the right file: the model and its vision projector (mmproj) are two files.",
        )
    if finding := hidden(installation, model_path.path):
        return finding
    if closed_path := closed_to(installation.account, model_path.path, installation.machine.root):
        return failed(
            f"{installation.account.name} may not read {model_path.path}: {closed_path} is closed to it",
            f"`sudo chmod a+rX {closed_path}`",
        )
    return _by_the_catalogue(model_path, head, entry, retry_advice)


def _by_the_catalogue(model_path: ModelPath, head: Head, entry: ModelFile | None, retry_advice: str) -> Finding:
    saw = f"{model_path.path}, {size(head.size_bytes)}"
    if model_path.origin is not None:
        return ok(f"{saw}; `hailo-vision models verify` compares its hash too")
    if entry is None or entry.size_bytes in (None, head.size_bytes):
        return ok(saw)
    return warning(
        f"{model_path.path} has {head.size_bytes:,} bytes, and the catalogue's file of this name {entry.size_bytes:,}",
        f"If it is meant to be that one, it is not whole: {retry_advice}",
    )


def _cut(model_path: ModelPath, head: Head) -> str | None:
    origin = model_path.origin
    if origin is None or origin.size_bytes == head.size_bytes:
        return None
    return f"has {head.size_bytes:,} bytes instead of {origin.size_bytes:,}"


def _of_another_kind(setting: str, head: Head) -> str | None:
    architecture = facts_in(head.start).get("general.architecture")
    if architecture is None or (architecture == PROJECTOR) == (setting == "mmproj"):
        return None
    return (
        "is a language model and no vision projector" if setting == "mmproj" else "is a vision projector and no model"
    )


def _get(installation: Installation, setting: str, path: Path, entry: ModelFile | None, options: str) -> str:
    """The advice is `models pull` only for the folder of the HEF, as that command writes nowhere else."""
    if entry is not None and path.parent == installation.machine.path(installation.settings.model.hef).parent:
        return pull(installation, entry.model, options)
    return f"put the file there, or correct llama.{setting}."
