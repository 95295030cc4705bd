"""Which models there are: a file for each release of HailoRT, and where the vendor keeps it. Pure.

The facts come from hailo-ai/hailo_model_zoo_genai: docs/MODELS.rst at v5.1.1, v5.2.0 and v5.3.0 (address, size,
licence) and yamls/Qwen2-VL-2B-Instruct.yaml at 9dc8603 (the licence by name). No file was downloaded to check them.
What the vendor does not publish is None: neither the exact size nor a hash of any of these files is. The digests in
its models/manifests are of language models for hailo-ollama, and the MD5 in that YAML is of 5.0.1's file.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from urllib.parse import urlsplit

from hailo_vision.errors import ModelError, ModelFault

_GIB = 1 << 30
_RELEASE = re.compile(r"v?(\d+\.\d+\.\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """A model, compiled for one release. `listed_bytes` is the vendor's rounded figure: for people and disk space."""

    model: str
    release: str
    file: str
    url: str
    licence: str
    listed_bytes: int
    size_bytes: int | None = None
    sha256: str | None = None


def _qwen2_vl_2b(release: str) -> ModelFile:
    # All three tables say "2.18 GB". They count in GiB: a file of theirs that is listed as 3.13 GB has 3,370,416,230
    # bytes (jaylfc/taOS, pull request 2451). It is no figure to refuse a file by: Qwen3-VL's row has the same one.
    return ModelFile(
        model="qwen2-vl-2b-instruct",
        release=release,
        file="Qwen2-VL-2B-Instruct.hef",
        url=f"https://dev-public.hailo.ai/v{release}/blob/Qwen2-VL-2B-Instruct.hef",
        licence="Apache-2.0",
        listed_bytes=int(2.18 * _GIB),
    )


# What the daemon can run. The worker follows the contract of 5.1.1 and 5.2.0; 5.3.0 is here for its file alone.
CATALOGUE = (_qwen2_vl_2b("5.1.1"), _qwen2_vl_2b("5.2.0"), _qwen2_vl_2b("5.3.0"))


def builds(catalogue: Sequence[ModelFile], name: str) -> tuple[ModelFile, ...]:
    """All files of a model, which may be named in any case and by its file. Raises ModelError for an unknown one."""
    wanted = name.casefold().removesuffix(".hef")
    if found := tuple(file for file in catalogue if file.model == wanted):
        return found
    known = sorted({file.model for file in catalogue})
    near = get_close_matches(wanted, known, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"It has {', '.join(known)}."
    raise ModelError(ModelFault.UNKNOWN_MODEL, f"There is no {name!r} in the catalogue. {hint}")


def fitting(files: Sequence[ModelFile], release: str) -> ModelFile:
    """The file for a release, and for no other: HEFs of another one fail late or not clearly (contract 6)."""
    for file in files:
        if file.release == release:
            return file
    known = ", ".join(file.release for file in files)
    raise ModelError(
        ModelFault.UNKNOWN_RELEASE,
        f"The catalogue has no {files[0].model} for HailoRT {release}, only for {known}. "
        "If you know that one of those files works, name its release with --release.",
    )


def release_in(text: str) -> str | None:
    """The release in a version as pip or dpkg write it: 5.1.1-1 is 5.1.1."""
    match = _RELEASE.match(text.strip().rpartition(":")[2])
    return match and match[1]


def at_mirror(url: str, mirror: str | None) -> str:
    """The address of the same file on a mirror: its scheme, host and path stand where the vendor's host stood."""
    if not mirror:
        return url
    base, address = urlsplit(mirror), urlsplit(url)
    if base.scheme not in ("http", "https") or not base.hostname or base.query or base.fragment:
        raise ModelError(
            ModelFault.REFUSED,
            f"{without_password(mirror)} is no address of a mirror, such as https://mirror.example/hailo.",
        )
    return base._replace(path=base.path.rstrip("/") + address.path, query=address.query).geturl()


def without_password(url: str) -> str:
    """An address as it may be printed and kept: without the user and the password that may stand in it."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
