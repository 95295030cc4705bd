"""GGUF models of any repository on Hugging Face, as `hf:OWNER/REPO[:QUANT]`: which of its files make the model.

The listing is that of the hub's API, `GET /api/models/OWNER/REPO?blobs=true`: `sha` is the commit, each of `siblings`
has a name, a size and, for a large file, the SHA-256 of its content. A pull takes the files of that commit.
"""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import quote

import aiohttp

from hailo_vision import __version__
from hailo_vision.errors import ModelError, ModelFault
from hailo_vision.lookup import LookupInThreads
from hailo_vision.models.catalogue import GGUF, ModelFile, at_mirror, without_password
from hailo_vision.models.projector import choose, is_projector, model_name

HUB: Final = "https://huggingface.co"
PREFIX: Final = "hf:"
_MAX_LISTING_BYTES: Final = 8 << 20
_TIMEOUT_S: Final = 30.0
_SPELLING: Final = re.compile(r"([\w.-]{1,96})/([\w.-]{1,96})(?::([\w.-]{1,32}))?")
_QUANT: Final = re.compile(r"[-_.]((?:i?q[1-8]|bf16|f16|f32|fp16|mxfp4)(?:_[a-z0-9]+)*)(?=[-_.]|$)", re.IGNORECASE)
_PART: Final = re.compile(r"-(\d{5})-of-(\d{5})$")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
# Which file to take of a repository that has several, where nobody says: good for its size first.
_PREFERRED: Final = ("q4_k_m", "q4_k_xl", "q4_0", "q5_k_m", "q8_0", "q6_k", "q4_k_s", "f16", "bf16", "f32")


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A repository on the hub, and the quantisation to take of it; None is the best for its size."""

    owner: str
    name: str
    quant: str | None = None

    def __str__(self) -> str:
        return f"{PREFIX}{self.owner}/{self.name}" + (f":{self.quant}" if self.quant else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class HubFile:
    """A file in a repository: its path there, its size and the hash of its content, where the listing has it."""

    path: str
    size_bytes: int
    sha256: str | None

    @property
    def stem(self) -> str:
        return PurePosixPath(self.path).name.removesuffix(".gguf")


def repository(spelling: str) -> Repository:
    """Parses `hf:OWNER/REPO[:QUANT]`. Raises ModelError."""
    match = _SPELLING.fullmatch(spelling.removeprefix(PREFIX))
    if match is None:
        raise ModelError(
            ModelFault.UNKNOWN_MODEL,
            f"{spelling[:100]!r} names no repository; expected hf:OWNER/REPO or hf:OWNER/REPO:QUANT, such as "
            "hf:ggml-org/SmolVLM-500M-Instruct-GGUF:Q8_0.",
        )
    return Repository(owner=match[1], name=match[2], quant=match[3])


async def files_of(wanted: Repository, mirror: str | None = None) -> tuple[ModelFile, ...]:
    """Asks the hub, or its mirror, for the files that make the model. Raises ModelError."""
    url = at_mirror(f"{HUB}/api/models/{wanted.owner}/{wanted.name}?blobs=true", mirror)
    return chosen(wanted, await _listing(url, wanted))


def chosen(wanted: Repository, listing: Mapping[str, Any]) -> tuple[ModelFile, ...]:
    """The files of the model in the order in which it needs them: its parts, then its projector if it has one. Pure.

    A projector that has only a kind for a name (mmproj-F16.gguf) gets the model's name on the disk, where it lies
    beside those of other models. Raises ModelError where the repository has no such model.
    """
    files = _gguf_files(listing)
    model = _model(wanted, [file for file in files if not is_projector(file.path)])
    parts = _parts(model, files)
    name = model_name(model.stem)
    by_name = {PurePosixPath(file.path).name: file for file in files if is_projector(file.path)}
    projector = by_name.get(choose(f"{model.stem}.gguf", [f"{model.stem}.gguf", *by_name]) or "")
    commit = listing.get("sha")
    revision = commit if isinstance(commit, str) and _COMMIT.fullmatch(commit) else "main"
    licence = _licence(listing)
    targets = [(part, f"{part.stem}.gguf") for part in parts]
    if projector is not None:
        bare = projector.stem if model_name(projector.stem) else f"mmproj-{name}-{_quant(projector.stem) or 'f16'}"
        targets.append((projector, f"{bare}.gguf"))
    return tuple(
        ModelFile(
            model=str(wanted),
            release=GGUF,
            file=target,
            url=f"{HUB}/{wanted.owner}/{wanted.name}/resolve/{revision}/{quote(file.path)}",
            licence=licence,
            listed_bytes=file.size_bytes,
            size_bytes=file.size_bytes,
            sha256=file.sha256,
        )
        for file, target in targets
    )


def _gguf_files(listing: Mapping[str, Any]) -> list[HubFile]:
    """What the listing says of GGUF files; an entry that is not of its form is left out."""
    siblings = listing.get("siblings")
    files = []
    for entry in siblings if isinstance(siblings, list) else ():
        if not isinstance(entry, dict):
            continue
        path, size_bytes, large = entry.get("rfilename"), entry.get("size"), entry.get("lfs")
        if not (isinstance(path, str) and path.endswith(".gguf") and len(path) < 300 and path.isprintable()):
            continue
        sha256 = large.get("sha256") if isinstance(large, dict) else None
        is_hash = isinstance(sha256, str) and _SHA256.fullmatch(sha256)
        if isinstance(size_bytes, int) and 0 < size_bytes < 1 << 50:
            files.append(HubFile(path=path, size_bytes=size_bytes, sha256=sha256 if is_hash else None))
    return files


def _model(wanted: Repository, files: Sequence[HubFile]) -> HubFile:
    firsts = [file for file in files if (part := _PART.search(file.stem)) is None or int(part[1]) == 1]
    if not firsts:
        raise ModelError(
            ModelFault.UNKNOWN_MODEL,
            f"{wanted.owner}/{wanted.name} has no GGUF file. Repositories with such files often end in -GGUF.",
        )
    if wanted.quant is not None:
        for file in firsts:
            if (_quant(file.stem) or "").lower() == wanted.quant.lower():
                return file
        kinds = ", ".join(sorted({kind for file in firsts if (kind := _quant(file.stem))})) or "no named ones"
        raise ModelError(
            ModelFault.UNKNOWN_MODEL,
            f"{wanted.owner}/{wanted.name} has no file of the quantisation {wanted.quant}; it has {kinds}.",
        )

    def rank(file: HubFile) -> tuple[int, int]:
        kind = (_quant(file.stem) or "").lower()
        return (_PREFERRED.index(kind) if kind in _PREFERRED else len(_PREFERRED), file.size_bytes)

    return min(firsts, key=rank)


def _parts(first: HubFile, files: Sequence[HubFile]) -> list[HubFile]:
    """The parts of a model that is cut into several files; llama.cpp finds the others by the first one's name."""
    match = _PART.search(first.stem)
    if match is None:
        return [first]
    start = first.path[: len(first.path) - len(".gguf") - len(match[0])]
    parts = [file for file in files if file.path.startswith(start) and _PART.search(file.stem)]
    if len(parts) != int(match[2]):
        raise ModelError(
            ModelFault.UNKNOWN_MODEL, f"{first.path} is one of {int(match[2])} parts, and {len(parts)} are there."
        )
    return sorted(parts, key=lambda file: file.path)


def _quant(stem: str) -> str | None:
    return kinds[-1] if (kinds := _QUANT.findall(stem)) else None


def _licence(listing: Mapping[str, Any]) -> str:
    card = listing.get("cardData")
    licence = card.get("license") if isinstance(card, dict) else None
    return licence[:60] if isinstance(licence, str) and licence.isprintable() else "unknown"


async def _listing(url: str, wanted: Repository) -> Mapping[str, Any]:
    headers = {"User-Agent": f"hailo-vision/{__version__}", "Accept": "application/json"}
    try:
        async with (
            asyncio.timeout(_TIMEOUT_S),
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(resolver=LookupInThreads()),
                trust_env=True,  # http_proxy, https_proxy, no_proxy
                headers=headers,
                cookie_jar=aiohttp.DummyCookieJar(),
            ) as session,
            session.get(url, max_redirects=4) as response,
        ):
            if response.status in (401, 403, 404):
                raise ModelError(
                    ModelFault.REFUSED,
                    f"{wanted.owner}/{wanted.name} is not there, or only for those who have accepted its licence.",
                )
            if response.status != 200:
                raise ModelError(ModelFault.REFUSED, f"{without_password(url)} answered {response.status}.")
            body = await response.content.read(_MAX_LISTING_BYTES)
            while len(body) < _MAX_LISTING_BYTES and (more := await response.content.read(_MAX_LISTING_BYTES)):
                body += more
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        what = str(error) or "no answer in time"
        raise ModelError(ModelFault.BROKEN_OFF, f"{without_password(url)} can't be reached: {what}.") from error
    try:
        listing = json.loads(body)
    except (ValueError, RecursionError):
        listing = None
    if not isinstance(listing, dict):
        raise ModelError(ModelFault.REFUSED, f"{without_password(url)} gave no listing of a repository.")
    return listing
