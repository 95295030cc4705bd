"""What the child that serves a GGUF model is to do, from the settings. Pure but for a look at the files."""

import errno
import os
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from hailo_vision.config import settings
from hailo_vision.engines.llama import package
from hailo_vision.engines.llama.package import INSTALL, PACKAGE
from hailo_vision.errors import DeviceFault, DeviceUnavailable
from hailo_vision.files import open_regular

_MAGIC = b"GGUF"
PROGRAM = "llama-server"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A server of llama.cpp on a Unix socket. `program` is a llama-server; None is the package.

    `package_path` is what the child adds to sys.path to import the package, None for nothing.
    """

    program: str | None
    package_path: str | None
    model: str
    mmproj: str | None
    context: int
    slots: int
    threads: int
    image_max_tokens: int
    kv_type: str
    flash_attention: str
    speculative: str
    draft_model: str | None
    prompt_cache_mib: int
    socket: str
    key: str = field(repr=False)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "all_context": self.all_context, "arguments": self.arguments}

    @property
    def all_context(self) -> int:
        """Tokens: llama.cpp deals them out to its slots in equal parts."""
        return self.context * self.slots

    @property
    def arguments(self) -> list[str]:
        """The same for a llama-server; the key is not among them, as everybody can read a command line."""
        arguments = {
            "--host": self.socket,
            "--model": self.model,
            "--ctx-size": self.all_context,
            "--parallel": self.slots,
            "--threads": self.threads,
            "--threads-batch": self.threads,
            "--cache-type-k": self.kv_type,
            "--cache-type-v": self.kv_type,
            "--flash-attn": {"always": "on", "never": "off"}.get(self.flash_attention, "auto"),
            "--cache-ram": self.prompt_cache_mib,
        }
        if self.mmproj is not None:
            arguments |= {"--mmproj": self.mmproj, "--image-max-tokens": self.image_max_tokens}
        if self.speculative == "ngram":
            arguments |= {"--spec-type": "ngram-simple"}
        if self.speculative == "draft" and self.draft_model is not None:
            arguments |= {"--model-draft": self.draft_model}
        return [str(word) for pair in arguments.items() for word in pair] + ["--jinja", "--no-webui"]


def plan(llama: settings.Llama, *, socket: str, key: str) -> Plan:
    """Raises DeviceUnavailable for what only a person can mend: a file or the program is not there.

    `llama.mmproj` is a path or None here, never auto.
    """
    _check(llama.model, "llama.model, or file in a list of models")
    if llama.mmproj is not None:
        _check(llama.mmproj, "llama.mmproj, or mmproj in a list of models", "; null serves the model for text alone")
    if llama.speculative == "draft" and llama.draft_model is not None:
        _check(llama.draft_model, "llama.draft_model")
    server = program(llama.server)
    return Plan(
        program=server,
        package_path=None if server else package_path(),
        model=llama.model,
        mmproj=llama.mmproj,
        context=llama.context,
        slots=llama.slots,
        threads=threads(llama.threads, cores()),
        image_max_tokens=llama.image_max_tokens,
        kv_type=llama.kv_type,
        flash_attention=llama.flash_attention,
        speculative=llama.speculative,
        draft_model=llama.draft_model,
        prompt_cache_mib=llama.prompt_cache_mib,
        socket=socket,
        key=key,
    )


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0))


def threads(configured: int | None, cores: int) -> int:
    """As many as the settings say, else all cores but one, which the daemon needs."""
    return configured or max(cores - 1, 1)


def program(server: str | None, path: str | None = None, *, folder: Path | None = None) -> str | None:
    """The llama-server to run: the one that is named, else one on PATH; None where the package is to be used.

    `path` stands for PATH, `folder` for that of `hailo-vision engines install`. Raises DeviceUnavailable where
    there is neither.
    """
    if executable := shutil.which(server or PROGRAM, path=path):
        return executable
    if server is not None:
        raise DeviceUnavailable(DeviceFault.RUNTIME_MISSING, f"llama.server: {server} is no program that can be run.")
    package_path(folder)
    return None


def package_path(folder: Path | None = None) -> str | None:
    """What the child has to add to sys.path for the package. Raises DeviceUnavailable where it is not installed."""
    try:
        return package.import_path(folder or package.folder())
    except ModuleNotFoundError:
        raise DeviceUnavailable(
            DeviceFault.RUNTIME_MISSING,
            f"There is no llama.cpp: neither the Python package {PACKAGE} nor a {PROGRAM} on PATH. "
            f"Install it: sudo {INSTALL} (in a clone: scripts/setup llama).",
        ) from None


def _check(path: str, name: str, otherwise: str = "") -> None:
    try:
        with open_regular(path) as file:
            head = file.read(len(_MAGIC))
    except FileNotFoundError:
        message = f"{name}: there is no {path}. Get one with `hailo-vision models pull NAME`, or name yours{otherwise}."
        raise DeviceUnavailable(DeviceFault.MODEL_MISSING, message) from None
    except OSError as error:
        message = f"{name}: {path} can't be read: {error.strerror}."
        fault = DeviceFault.MODEL_INVALID if error.errno == errno.EINVAL else DeviceFault.MODEL_MISSING
        raise DeviceUnavailable(fault, message) from None
    if head != _MAGIC:
        raise DeviceUnavailable(DeviceFault.MODEL_INVALID, f"{name}: {path} is no GGUF file.")
