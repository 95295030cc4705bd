"""The files that llama.cpp loads: there, whole as far as can be told, of the right kind, and open to the service."""

from pathlib import Path

from hailo_vision.doctor.case import Case
from hailo_vision.doctor.files import Head, closed_to, head_of, hidden
from hailo_vision.doctor.finding import Finding, failed, ok, warning
from hailo_vision.doctor.model import pull
from hailo_vision.models import gguf
from hailo_vision.models.catalogue import CATALOGUE, GGUF, ModelFile
from hailo_vision.models.gguf import FACTS_BYTES, PROJECTOR, facts_in
from hailo_vision.models.listing import size
from hailo_vision.models.store import ModelPath


def model(case: Case) -> Finding:
    return _look(case, "model", case.settings.llama.model)


def mmproj(case: Case) -> Finding:
    configured = case.settings.llama.mmproj
    if configured is None:
        return warning(
            "llama.mmproj is null, so the model has no eyes, and pictures are refused",
            "If it is to see, set llama.mmproj to the file of its eyes.",
        )
    return _look(case, "mmproj", configured)


def draft_model(case: Case) -> Finding:
    configured = case.settings.llama.draft_model
    if configured is None:
        return failed(
            "llama.draft_model is not set", "Set it to a small model's file, or llama.speculative to another."
        )
    return _look(case, "draft_model", configured)


def _look(case: Case, setting: str, configured: str) -> Finding:
    place = ModelPath(path=case.machine.path(configured))
    listed = next((file for file in CATALOGUE if (file.file, file.release) == (place.path.name, GGUF)), None)
    get, again = (_get(case, setting, place.path, listed, options) for options in ("", " --force"))
    head = head_of(place.path, FACTS_BYTES, get=get, broken="Check the disk, then get the file again.")
    if isinstance(head, Finding):
        return head
    if fault := gguf.fault_in(head.start[: gguf.HEADER_BYTES], head.size_bytes) or _cut(place, head):
        return failed(f"{place.path} {fault}", f"{again[:1].upper()}{again[1:]}")
    if fault := _of_another_kind(setting, head):
        return failed(f"{place.path} {fault}", f"Set llama.{setting} to the right file: a model and its eyes are two.")
    if finding := hidden(case, place.path):
        return finding
    if shut := closed_to(case.account, place.path, case.machine.root):
        return failed(
            f"{case.account.name} may not read {place.path}: {shut} is closed to it", f"`sudo chmod a+rX {shut}`"
        )
    return _by_the_catalogue(place, head, listed, again)


def _by_the_catalogue(place: ModelPath, head: Head, listed: ModelFile | None, again: str) -> Finding:
    saw = f"{place.path}, {size(head.size_bytes)}"
    if place.origin is not None:
        return ok(f"{saw}; `hailo-vision models verify` compares its hash too")
    if listed is None or listed.size_bytes in (None, head.size_bytes):
        return ok(saw)
    return warning(
        f"{place.path} has {head.size_bytes:,} bytes, and the catalogue's file of this name {listed.size_bytes:,}",
        f"If it is meant to be that one, it is not whole: {again}",
    )


def _cut(place: ModelPath, head: Head) -> str | None:
    origin = place.origin
    if origin is None or origin.size_bytes == head.size_bytes:
        return None
    return f"has {head.size_bytes:,} bytes instead of {origin.size_bytes:,}"


def _of_another_kind(setting: str, head: Head) -> str | None:
    architecture = facts_in(head.start).get("general.architecture")
    if architecture is None or (architecture == PROJECTOR) == (setting == "mmproj"):
        return None
    return "is a language model, and no eyes of one" if setting == "mmproj" else "has the eyes of a model, and no model"


def _get(case: Case, setting: str, path: Path, listed: ModelFile | None, options: str) -> str:
    """`models pull` puts files beside the HEF, and nowhere else."""
    if listed is not None and path.parent == case.machine.path(case.settings.model.hef).parent:
        return pull(case, listed.model, options)
    return f"put the file there, or correct llama.{setting}."
