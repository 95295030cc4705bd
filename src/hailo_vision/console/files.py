"""The console's files in memory, with the HTTP headers of each."""

import hashlib
from dataclasses import dataclass
from importlib.resources import files

PAGE = "index.html"

_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleFile:
    """One file of the page; `etag` changes with its content."""

    name: str
    content: bytes
    content_type: str
    etag: str


def console_files() -> dict[str, ConsoleFile]:
    """All files of the page by name; they are read once, at the start, so no request ever names a path."""
    entries = sorted(files(__package__).iterdir(), key=lambda entry: entry.name)
    return {entry.name: _file(entry.name, entry.read_bytes()) for entry in entries if _suffix(entry.name) in _TYPES}


def _file(name: str, content: bytes) -> ConsoleFile:
    etag = hashlib.sha256(content).hexdigest()[:16]
    return ConsoleFile(name=name, content=content, content_type=_TYPES[_suffix(name)], etag=etag)


def _suffix(name: str) -> str:
    return name[name.rfind(".") :]
