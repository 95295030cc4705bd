"""API keys: a file with a name and a key on each line. Only their hashes are kept."""

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass

from hailo_vision.access.files import read_secret, unusable
from hailo_vision.errors import ConfigProblem, UnusableFile

LEAST_KEY_CHARS = 16
MOST_KEYS = 1000  # each request is compared with all of them

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KEY = re.compile(rf"[!-~]{{{LEAST_KEY_CHARS},256}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A name may stand with several keys, so that one can be replaced while clients still use the other."""

    name: str
    digest: bytes


class Keys:
    """The keys of a file, as they were when it was last read whole."""

    def __init__(self, path: str) -> None:
        """Raises UnusableFile."""
        self._path = path
        self._keys = _read(path)

    def __len__(self) -> int:
        return len(self._keys)

    def prepare(self) -> Callable[[], None]:
        """Read the file again; what is returned puts its keys in the place of the old ones. Raises UnusableFile."""
        keys = _read(self._path)

        def change() -> None:
            self._keys = keys

        return change

    def owner(self, sent: str) -> str | None:
        """The name that a key stands with. It takes the same time whichever key it is, or none."""
        digest = _digest(sent)
        name = None
        for key in self._keys:
            if hmac.compare_digest(key.digest, digest):
                name = key.name
        return name


def parse_keys(text: str, source: str) -> tuple[Key, ...]:
    """Raises UnusableFile, which names each bad line by its number and never quotes one."""
    keys: list[Key] = []
    lines: dict[bytes, int] = {}
    problems: list[ConfigProblem] = []
    for number, line in enumerate(text.split("\n"), start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        wrong = _wrong(words)
        if wrong is None:
            key = Key(name=words[0], digest=_digest(words[1]))
            first = lines.setdefault(key.digest, number)
            wrong = f"the key of line {first} once more; each client has its own" if first != number else None
            keys.append(key)
        if wrong is not None:
            problems.append(ConfigProblem(path=f"line {number}", message=wrong))
    if not keys and not problems:
        problems.append(ConfigProblem(path="", message="it holds no key, so nobody could come in"))
    if len(keys) > MOST_KEYS:
        problems.append(ConfigProblem(path="", message=f"it holds more than {MOST_KEYS} keys"))
    if problems:
        raise UnusableFile(source, tuple(problems))
    return tuple(keys)


def _wrong(words: list[str]) -> str | None:
    if len(words) != 2:
        return "right are two words, a name and a key"
    if not _NAME.fullmatch(words[0]):
        return "right is a name of up to 64 letters, digits, dots, dashes and underscores, then the key"
    if not _KEY.fullmatch(words[1]):
        return f"right is a key of {LEAST_KEY_CHARS} to 256 ASCII characters; make one with: openssl rand -hex 24"
    return None


def _read(path: str) -> tuple[Key, ...]:
    try:
        text = read_secret(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise unusable(path, "it is not UTF-8") from None
    return parse_keys(text, path)


def _digest(key: str) -> bytes:
    # Headers come with surrogates in the place of bytes that are no UTF-8.
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
