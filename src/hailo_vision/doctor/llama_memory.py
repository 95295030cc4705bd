"""Whether llama.cpp's model fits into memory: an estimate from its files and settings, and what it is held against."""

from hailo_vision.doctor import space
from hailo_vision.doctor.case import SERVICE, Case
from hailo_vision.doctor.files import Head, head_of
from hailo_vision.doctor.finding import Finding, failed, ok, skipped, warning
from hailo_vision.models.gguf import FACTS_BYTES
from hailo_vision.models.listing import size
from hailo_vision.models.memory import LESS, Need, draft, need


def look(case: Case) -> Finding:
    wanted = case.settings.llama
    paths = [wanted.model, wanted.mmproj, draft(wanted)]
    heads = [head_of(case.machine.path(path), FACTS_BYTES, get="") for path in paths if path is not None]
    found = [head for head in heads if isinstance(head, Head)]
    if len(found) < len(heads):
        return skipped("without its files it can't be estimated")
    return judge(case, need(wanted, [(head.start, head.size_bytes) for head in found]))


def judge(case: Case, needed: Need) -> Finding:
    unit = case.unit or {}
    all_bytes = space.meminfo(case.machine, "MemTotal")
    free_bytes = space.meminfo(case.machine, "MemAvailable")
    if all_bytes is None or free_bytes is None:
        return ok(f"{needed}; how much there is the kernel does not tell")
    if needed.all_bytes > all_bytes:
        return failed(f"{needed}, and this machine has {size(all_bytes)}", LESS)
    limit = unit.get("MemoryMax", "")
    if limit.isdecimal() and needed.all_bytes > int(limit) and space.has_memory_cgroup(case.machine):
        return warning(
            f"{needed}, and the service may have {size(int(limit))} (MemoryMax= in its unit)",
            f"`sudo systemctl edit {SERVICE}`, with a larger `MemoryMax=` under [Service]. {LESS}",
        )
    if unit.get("ActiveState") == "active":  # what it has taken is no longer available
        return ok(f"{needed}; the service is running")
    saw = f"{needed}, and {size(free_bytes)} are available"
    if needed.all_bytes > free_bytes:
        return warning(saw, f"End other programs. {LESS}")
    return ok(saw)
