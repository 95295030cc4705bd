"""Which models there are: a file for each release of HailoRT, or files for llama.cpp, and where they are kept. Pure.

The facts come from hailo-ai/hailo_model_zoo_genai: docs/MODELS.rst at v5.1.1 to v5.4.0 (address, size, licence) and
yamls/Qwen2-VL-2B-Instruct.yaml at 9dc8603 (the licence by name). No file was downloaded to check them. What nobody has
published is None: no hash of these files is known, and one exact size alone, which the vendor's server announced. The
digests in its models/manifests are of language models for hailo-ollama, and the MD5 in that YAML is of 5.0.1's file.

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
_LISTED_TO_REAL = 1.5  # the one HEF that was measured has 1.39 times the size that is listed for it
_RELEASE = re.compile(r"v?([0-9]{1,6}\.[0-9]{1,6}\.[0-9]{1,6})")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """A file of a model, compiled for one release.

    `listed_bytes` is the vendor's rounded figure, which was wrong by 0.9 GB in the one case that was measured;
    `size_bytes` is the exact size where somebody measured it. `frame_px` is the width and height of the pictures that
    the model takes, `max_images` how many in a prompt, where that is known.
    """

    model: str
    release: str
    file: str
    url: str
    licence: str
    listed_bytes: int
    size_bytes: int | None = None
    sha256: str | None = None
    frame_px: tuple[int, int] | None = None
    max_images: int | None = None

    @property
    def space_bytes(self) -> int:
        """The space on the disk to require when the server does not announce a size."""
        return self.size_bytes or int(_LISTED_TO_REAL * self.listed_bytes)

    @property
    def max_bytes(self) -> int:
        """The size above which a download is another file: the exact size where the content is known by its hash."""
        if self.size_bytes is not None and self.sha256 is not None:
            return self.size_bytes
        return 2 * (self.size_bytes or self.listed_bytes)


def _qwen2_vl_2b(release: str, size_bytes: int | None = None) -> ModelFile:
    # All tables say "2.18 GB". They count in GiB: a file of theirs that is listed as 3.13 GB has 3,370,416,230
    # bytes (jaylfc/taOS, pull request 2451). It is no figure to refuse a file by: 5.4.0's file has 3.03 GiB.
    return ModelFile(
        model="qwen2-vl-2b-instruct",
        release=release,
        file="Qwen2-VL-2B-Instruct.hef",
        url=f"https://dev-public.hailo.ai/v{release}/blob/Qwen2-VL-2B-Instruct.hef",
        licence="Apache-2.0",
        listed_bytes=int(2.18 * _GIB),
        size_bytes=size_bytes,
        frame_px=(336, 336),
    )


def _qwen3_vl_2b(release: str) -> ModelFile:
    # "3.19 GB" is what owners report; whether it is GB or GiB is not known, so that the larger is taken. The address
    # follows the pattern of the other files; nobody has tried it here.
    return ModelFile(
        model="qwen3-vl-2b-instruct",
        release=release,
        file="Qwen3-VL-2B-Instruct.hef",
        url=f"https://dev-public.hailo.ai/v{release}/blob/Qwen3-VL-2B-Instruct.hef",
        licence="Apache-2.0",
        listed_bytes=int(3.19 * _GIB),
        frame_px=(512, 288),
        max_images=1,
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

# What the daemon can run. The worker follows the contract of 5.1.1 and 5.2.0; later ones are here for their files. The
# size at 5.4.0 is the Content-Length of the vendor's server on 5 October 2026.
# A model for llama.cpp is two files: the language model, then its vision projector (mmproj).
CATALOGUE = (
    _qwen2_vl_2b("5.1.1"),
    _qwen2_vl_2b("5.2.0"),
    _qwen2_vl_2b("5.3.0"),
    _qwen2_vl_2b("5.4.0", size_bytes=3_255_444_179),
    _qwen3_vl_2b("5.3.0"),
    _qwen3_vl_2b("5.4.0"),
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
    """Returns all files of a model, named in any case, in short (smolvlm-500m) or by its file. Raises ModelError for an
    unknown one.
    """
    key = name.casefold().removesuffix(".hef")
    if files := tuple(file for file in catalogue if key in (file.model, file.file.casefold())):
        return files
    if files := tuple(file for file in catalogue if key in _short_names(file)):
        return tuple(file for file in files if file.model == files[0].model)
    models = sorted({file.model for file in catalogue})
    names = {name: file.model for file in reversed(catalogue) for name in (*_short_names(file), file.model)}
    near = get_close_matches(key, names, n=1)
    hint = f"Did you mean {names[near[0]]}?" if near else f"It has {', '.join(models)}."
    raise ModelError(ModelFault.UNKNOWN_MODEL, f"There is no {name!r} in the catalogue. {hint}")


def _short_names(file: ModelFile) -> tuple[str, ...]:
    """The model's name without the words that all have; where a HEF and a GGUF model share one, it is the HEF's."""
    name = file.model.removesuffix("-gguf")
    return (name, name.removesuffix("-instruct"))


def fitting(files: Sequence[ModelFile], release: str) -> ModelFile:
    """Returns the file for a release; for one that the catalogue does not have, that of the newest known one below.

    HEFs of another release may fail late or not clearly (contract 6), so the caller must tell the person or the log
    with `fitting_warning`. Raises ModelError where all known releases are newer.
    """
    older = [file for file in files if file.release != GGUF and _numbers(file.release) <= _numbers(release)]
    if older:
        return max(older, key=lambda file: _numbers(file.release))
    releases = ", ".join(file.release for file in files)
    raise ModelError(
        ModelFault.UNKNOWN_RELEASE,
        f"The catalogue has no {files[0].model} for HailoRT {release}, only for {releases}. "
        "If you know that one of those files works, name its release with --release.",
    )


def fitting_warning(file: ModelFile, release: str) -> str | None:
    """Returns what to tell where the file is of an older release than the runtime; None where both are the same."""
    if file.release in (release, GGUF):
        return None
    return (
        f"The catalogue has no {file.model} for HailoRT {release}; this is the file for {file.release}, the newest "
        "known one below. Whether it loads has not been tried: `hailo-vision doctor` and the log tell."
    )


def fits(file: ModelFile, catalogue: Sequence[ModelFile], release: str) -> bool:
    """Whether this is the file that a pull for the release would bring."""
    same_model = [other for other in catalogue if other.model == file.model]
    try:
        return fitting(same_model, release).release == file.release
    except ModelError:
        return False


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(int(number) for number in release.split("."))


def release_in(text: str) -> str | None:
    """Returns the release in a version as pip or dpkg write it: 5.1.1-1 is 5.1.1."""
    match = _RELEASE.match(text.strip().rpartition(":")[2])
    return match and match[1]


def at_mirror(url: str, mirror: str | None) -> str:
    """Returns the URL of the same file on a mirror: its scheme, host and path stand where the vendor's host stood."""
    if not mirror:
        return url
    address = urlsplit(url)
    try:
        base = urlsplit(mirror)
        is_address = base.scheme in ("http", "https") and base.hostname and base.port != 0
    except ValueError:  # half of an IPv6 address, or a port that is none
        raise ModelError(ModelFault.REFUSED, _no_mirror(mirror.rpartition("@")[2])) from None
    if not is_address or base.query or base.fragment:
        raise ModelError(ModelFault.REFUSED, _no_mirror(without_password(mirror)))
    return base._replace(path=base.path.rstrip("/") + address.path, query=address.query).geturl()


def _no_mirror(text: str) -> str:
    return f"{text} is no address of a mirror, such as https://mirror.example/hailo."


def without_password(url: str) -> str:
    """Returns a URL as it may be printed and kept: without the user and the password in it."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
