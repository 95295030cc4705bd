"""Which models there are: a file for each release of HailoRT, or files for llama.cpp, and where they are kept. Pure.

The facts come from hailo-ai/hailo_model_zoo_genai: docs/MODELS.rst at v5.1.1, v5.2.0 and v5.3.0 (address, size,
licence) and yamls/Qwen2-VL-2B-Instruct.yaml at 9dc8603 (the licence by name). No file was downloaded to check them.
What the vendor does not publish is None: neither the exact size nor a hash of any of these files is. The digests in
its models/manifests are of language models for hailo-ollama, and the MD5 in that YAML is of 5.0.1's file.

The GGUF files are those of ggml-org on Hugging Face. Their sizes and hashes are what at least two public projects that
do not know of each other have pinned for them; nothing was downloaded here to check them either, a pull does.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from urllib.parse import urlsplit

from hailo_vision.errors import ModelError, ModelFault

_GIB = 1 << 30
GGUF = "gguf"  # stands where a release does: these files fit every llama.cpp
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


def _gguf(
    model: str, repository: str, file: str, size_bytes: int, sha256: str, licence: str = "Apache-2.0"
) -> ModelFile:
    """`repository` is its name and the commit or branch."""
    name, _, revision = repository.partition("@")
    return ModelFile(
        model=model,
        release=GGUF,
        file=file,
        url=f"https://huggingface.co/ggml-org/{name}/resolve/{revision or 'main'}/{file}",
        licence=licence,
        listed_bytes=size_bytes,
        size_bytes=size_bytes,
        sha256=sha256,
    )


_QWEN2 = "Qwen2-VL-2B-Instruct-GGUF@bb307c036e8a1ed7b663bbd0c35b41c4c9294cfd"
_QWEN2_5 = "Qwen2.5-VL-3B-Instruct-GGUF@5037fcf163dd95d1e41d1974465f0898ed108ca2"
_SMOL_256M = "SmolVLM-256M-Instruct-GGUF"
_SMOL_500M = "SmolVLM-500M-Instruct-GGUF@72e986006ef53e37cdd3f6d4241c90b0f01df376"

# What the daemon can run. The worker follows the contract of 5.1.1 and 5.2.0; 5.3.0 is here for its file alone.
# A model for llama.cpp is two files: the language model, then its vision projector (mmproj).
CATALOGUE = (
    _qwen2_vl_2b("5.1.1"),
    _qwen2_vl_2b("5.2.0"),
    _qwen2_vl_2b("5.3.0"),
    _gguf(
        "qwen2-vl-2b-instruct-gguf",
        _QWEN2,
        "Qwen2-VL-2B-Instruct-Q4_K_M.gguf",
        986_046_944,
        "5745685d2e607a82a0696c1118e56a2a1ae0901da450fd9cd4f161c6b62867d7",
    ),
    _gguf(
        "qwen2-vl-2b-instruct-gguf",
        _QWEN2,
        "mmproj-Qwen2-VL-2B-Instruct-Q8_0.gguf",
        709_883_360,
        "a0ad91f00a7a80dcf84d719a61b00ee2e07b71794f4ee2dfa81a254621a8c418",
    ),
    _gguf(
        "smolvlm-256m-instruct-gguf",
        _SMOL_256M,
        "SmolVLM-256M-Instruct-Q8_0.gguf",
        175_054_528,
        "2a31195d3769c0b0fd0a4906201666108834848db768af11de1d2cef7cd35e65",
    ),
    _gguf(
        "smolvlm-256m-instruct-gguf",
        _SMOL_256M,
        "mmproj-SmolVLM-256M-Instruct-Q8_0.gguf",
        103_769_856,
        "7e943f7c53f0382a6fc41b6ee0c2def63ba4fded9ab8ed039cc9e2ab905e0edd",
    ),
    _gguf(
        "smolvlm-500m-instruct-gguf",
        _SMOL_500M,
        "SmolVLM-500M-Instruct-Q8_0.gguf",
        436_806_912,
        "9d4612de6a42214499e301494a3ecc2be0abdd9de44e663bda63f1152fad1bf4",
    ),
    _gguf(
        "smolvlm-500m-instruct-gguf",
        _SMOL_500M,
        "mmproj-SmolVLM-500M-Instruct-Q8_0.gguf",
        108_783_360,
        "d1eb8b6b23979205fdf63703ed10f788131a3f812c7b1f72e0119d5d81295150",
    ),
    _gguf(
        "qwen2.5-vl-3b-instruct-gguf",
        _QWEN2_5,
        "Qwen2.5-VL-3B-Instruct-Q4_K_M.gguf",
        1_929_901_056,
        "d02fe9b69ad8cadbbd228e387667af66612c44bed29ffc8eb1e7caf9ac486c12",
        licence="Qwen Research",
    ),
    _gguf(
        "qwen2.5-vl-3b-instruct-gguf",
        _QWEN2_5,
        "mmproj-Qwen2.5-VL-3B-Instruct-Q8_0.gguf",
        844_757_728,
        "980c9b2f78c04e6cff93d277ada09e768394f112d75db3b4e9dea8a69f9fb904",
        licence="Qwen Research",
    ),
)


def builds(catalogue: Sequence[ModelFile], name: str) -> tuple[ModelFile, ...]:
    """Returns all files of a model, named in any case or by its file. Raises ModelError for an unknown one."""
    key = name.casefold().removesuffix(".hef")
    if files := tuple(file for file in catalogue if key in (file.model, file.file.casefold())):
        return files
    models = sorted({file.model for file in catalogue})
    near = get_close_matches(key, models, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"It has {', '.join(models)}."
    raise ModelError(ModelFault.UNKNOWN_MODEL, f"There is no {name!r} in the catalogue. {hint}")


def fitting(files: Sequence[ModelFile], release: str) -> ModelFile:
    """Returns the file for a release, and for no other: HEFs of another one fail late or not clearly (contract 6)."""
    for file in files:
        if file.release == release:
            return file
    releases = ", ".join(file.release for file in files)
    raise ModelError(
        ModelFault.UNKNOWN_RELEASE,
        f"The catalogue has no {files[0].model} for HailoRT {release}, only for {releases}. "
        "If you know that one of those files works, name its release with --release.",
    )


def release_in(text: str) -> str | None:
    """Returns the release in a version as pip or dpkg write it: 5.1.1-1 is 5.1.1."""
    match = _RELEASE.match(text.strip().rpartition(":")[2])
    return match and match[1]


def at_mirror(url: str, mirror: str | None) -> str:
    """Returns the URL of the same file on a mirror: its scheme, host and path stand where the vendor's host stood."""
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
    """Returns a URL as it may be printed and kept: without the user and the password in it."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
