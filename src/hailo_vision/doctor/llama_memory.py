"""Whether llama.cpp's model fits into memory: an estimate from its files and settings, and what it is held against."""

from dataclasses import dataclass

from hailo_vision.config.settings import Llama
from hailo_vision.doctor import space
from hailo_vision.doctor.case import SERVICE, Case
from hailo_vision.doctor.files import Head, head_of
from hailo_vision.doctor.finding import Finding, failed, ok, skipped, warning
from hailo_vision.models.gguf_facts import FACTS_BYTES, context_bytes, facts_in
from hailo_vision.models.listing import size

_LESS = "Take a smaller model, llama.context or llama.slots; llama.kv_type q8_0 halves what the context takes."


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """`context_bytes` is None where a file does not tell its model's shape. What is computed in comes on top."""

    files_bytes: int
    context_bytes: int | None
    cache_bytes: int

    @property
    def all_bytes(self) -> int:
        return self.files_bytes + (self.context_bytes or 0) + self.cache_bytes

    def __str__(self) -> str:
        parts = [f"files {size(self.files_bytes)}"]
        if self.context_bytes is not None:
            parts.append(f"context {size(self.context_bytes)}")
        if self.cache_bytes:
            parts.append(f"kept prompts up to {size(self.cache_bytes)}")
        unknown = "" if self.context_bytes is not None else ", and the context, which this file does not tell"
        return f"it takes about {size(self.all_bytes)} ({', '.join(parts)}){unknown}"


def look(case: Case) -> Finding:
    wanted = case.settings.llama
    paths = [wanted.model, wanted.mmproj, _draft(wanted)]
    heads = [head_of(case.machine.path(path), FACTS_BYTES, get="") for path in paths if path is not None]
    found = [head for head in heads if isinstance(head, Head)]
    if len(found) < len(heads):
        return skipped("without its files it can't be estimated")
    return judge(case, need(wanted, found))


def need(wanted: Llama, heads: list[Head]) -> Need:
    """The first head is the model's; of the others only a draft has a context of its own."""
    shapes = [facts_in(head.start) for head in heads]
    speak = shapes[:1] if _draft(wanted) is None else [shapes[0], shapes[-1]]
    contexts = [context_bytes(shape, wanted.context * wanted.slots, wanted.kv_type) for shape in speak]
    return Need(
        files_bytes=sum(head.size_bytes for head in heads),
        context_bytes=None if None in contexts else sum(filter(None, contexts)),
        cache_bytes=wanted.prompt_cache_mib << 20,
    )


def judge(case: Case, needed: Need) -> Finding:
    unit = case.unit or {}
    all_bytes = space.meminfo(case.machine, "MemTotal")
    free_bytes = space.meminfo(case.machine, "MemAvailable")
    if all_bytes is None or free_bytes is None:
        return ok(f"{needed}; how much there is the kernel does not tell")
    if needed.all_bytes > all_bytes:
        return failed(f"{needed}, and this machine has {size(all_bytes)}", _LESS)
    limit = unit.get("MemoryMax", "")
    if limit.isdecimal() and needed.all_bytes > int(limit) and space.has_memory_cgroup(case.machine):
        return warning(
            f"{needed}, and the service may have {size(int(limit))} (MemoryMax= in its unit)",
            f"`sudo systemctl edit {SERVICE}`, with a larger `MemoryMax=` under [Service]. {_LESS}",
        )
    if unit.get("ActiveState") == "active":  # what it has taken is no longer available
        return ok(f"{needed}; the service is running")
    saw = f"{needed}, and {size(free_bytes)} are available"
    if needed.all_bytes > free_bytes:
        return warning(saw, f"End other programs. {_LESS}")
    return ok(saw)


def _draft(wanted: Llama) -> str | None:
    return wanted.draft_model if wanted.speculative == "draft" else None
