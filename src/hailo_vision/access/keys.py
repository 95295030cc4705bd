"""API keys, from a file with a name and a key on each line. Only their hashes are kept in memory."""

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass

from hailo_vision.access.files import read_secret, unusable
from hailo_vision.errors import ConfigProblem, UnusableFile

MIN_KEY_CHARS = 16
MAX_KEY_CHARS = 256
MAX_KEYS = 1000  # each request's key is compared with all of them

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KEY = re.compile(rf"[!-~]{{{MIN_KEY_CHARS},{MAX_KEY_CHARS}}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A client's key. A client may have several, so that one is replaced while the other is still in use."""

    name: str
    digest: bytes


class Keys:
    """The keys of a file, as of the last time that it was read without an error."""

    def __init__(self, path: str) -> None:
        """Raises UnusableFile."""
        self._path = path
        self._keys = _read(path)

    def __len__(self) -> int:
        return len(self._keys)

    def prepare(self) -> Callable[[], None]:
        """Read the file again, and return a function that replaces the old keys. Raises UnusableFile."""
        keys = _read(self._path)

        def change() -> None:
            self._keys = keys

        return change

    def owner(self, key: str) -> str | None:
        """The name of the client that a key belongs to. The lookup takes constant time, against timing attacks."""
        digest = _digest(key)
        name = None
        for known in self._keys:
            if hmac.compare_digest(known.digest, digest):
                name = known.name
        return name


def parse_keys(text: str, source: str) -> tuple[Key, ...]:
    """Parse the text of a key file. Raises UnusableFile, which names bad lines by number and never quotes one."""
    keys: list[Key] = []
    first_lines: dict[bytes, int] = {}
    problems: list[ConfigProblem] = []
    for number, line in enumerate(text.split("\n"), start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        problem = _problem(words)
        if problem is None:
            key = Key(name=words[0], digest=_digest(words[1]))
            first = first_lines.setdefault(key.digest, number)
            problem = f"the key of line {first} once more; each client has its own" if first != number else None
            keys.append(key)
        if problem is not None:
            problems.append(ConfigProblem(path=f"line {number}", message=problem))
    if not keys and not problems:
        problems.append(ConfigProblem(path="", message="it holds no key, so nobody could come in"))
    if len(keys) > MAX_KEYS:
        problems.append(ConfigProblem(path="", message=f"it holds more than {MAX_KEYS} keys"))
    if problems:
        raise UnusableFile(source, tuple(problems))
    return tuple(keys)


def _problem(words: list[str]) -> str | None:
    if len(words) != 2:
        return "expected two words, a name and a key"
    if not _NAME.fullmatch(words[0]):
        return "expected a name of up to 64 letters, digits, dots, dashes and underscores, then the key"
    if not _KEY.fullmatch(words[1]):
        length = f"{MIN_KEY_CHARS} to {MAX_KEY_CHARS}"
        return f"expected a key of {length} ASCII characters; make one with: openssl rand -hex 24"
    return None


def _read(path: str) -> tuple[Key, ...]:
    try:
        text = read_secret(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise unusable(path, "it is not UTF-8") from None
    return parse_keys(text, path)


def _digest(key: str) -> bytes:
    # aiohttp gives headers with surrogates in place of bytes that are not UTF-8.
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
