"""Whether llama.cpp's model fits into memory, by an estimate from its files and settings."""

from dataclasses import replace

from hailo_vision.doctor import space
from hailo_vision.doctor.files import Head, head_of
from hailo_vision.doctor.finding import Finding, failed, ok, skipped, warning
from hailo_vision.doctor.gguf import projector
from hailo_vision.doctor.installation import SERVICE, Installation
from hailo_vision.models.gguf import FACTS_BYTES
from hailo_vision.models.listing import size
from hailo_vision.models.memory import LESS, Need, draft, need


def look(installation: Installation) -> Finding:
    settings = replace(installation.settings.llama, mmproj=projector(installation))
    paths = [settings.model, settings.mmproj, draft(settings)]
    heads = [head_of(installation.machine.path(path), FACTS_BYTES, get="") for path in paths if path is not None]
    readable = [head for head in heads if isinstance(head, Head)]
    if len(readable) < len(heads):
        return skipped("without its files it can't be estimated")
    return judge(installation, need(settings, [(head.start, head.size_bytes) for head in readable]))


def judge(installation: Installation, need: Need) -> Finding:
    unit = installation.unit or {}
    all_bytes = space.meminfo(installation.machine, "MemTotal")
    free_bytes = space.meminfo(installation.machine, "MemAvailable")
    if all_bytes is None or free_bytes is None:
        return ok(f"{need}; the kernel does not report how much memory there is")
    if need.all_bytes > all_bytes:
        return failed(f"{need}, and this machine has {size(all_bytes)}", LESS)
    limit = unit.get("MemoryMax", "")
    if limit.isdecimal() and need.all_bytes > int(limit) and space.has_memory_cgroup(installation.machine):
        return warning(
            f"{need}, and the service may have {size(int(limit))} (MemoryMax= in its unit)",
            f"`sudo systemctl edit {SERVICE}`, with a larger `MemoryMax=` under [Service]. {LESS}",
        )
    if unit.get("ActiveState") == "active":  # what it has taken is no longer available
        return ok(f"{need}; the service is running")
    saw = f"{need}, and {size(free_bytes)} are available"
    if need.all_bytes > free_bytes:
        return warning(saw, f"End other programs. {LESS}")
    return ok(saw)
