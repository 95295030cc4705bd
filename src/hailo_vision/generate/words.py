"""Words of names, descriptions and questions in a form in which they can be compared: English and German. Pure.

A word is folded to small ASCII letters and to its stem, and words of one meaning get a topic in common, so that
`Öffne die Rollläden` has something in common with a tool that opens blinds.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

from hailo_vision.generate.topics import STOP_WORDS, TOPICS

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORD = re.compile(r"[a-z0-9]+")
_ENDINGS = ("ungen", "ing", "ung", "en", "es", "ed", "em", "e", "s", "n")  # the longer ones first
_MIN_STEM_CHARS = 3
_MIN_PART_CHARS = 4  # of a German compound, as Liste in Einkaufsliste
_MAX_COMPOUND_CHARS = 64  # each of its characters may begin or end a part


def words(text: str) -> list[str]:
    """The words of a text or a name, folded to small ASCII letters; `HassTurnOn` and `turn_on` are divided."""
    spaced = _HUMP.sub(" ", text).lower().replace("ß", "ss")
    plain = "".join(mark for mark in unicodedata.normalize("NFD", spaced) if not unicodedata.combining(mark))
    return _WORD.findall(plain)


def terms(text: str) -> Iterator[str]:
    """The stem of each word that says something of its own, and its topics, which begin with a #."""
    for word in words(text):
        if word not in STOP_WORDS:
            yield stem(word)
            yield from topics(word)


def stem(word: str) -> str:
    """The word without its ending: crude, but the same for `note` and `notes`, `dimme` and `dimmen`."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _MIN_STEM_CHARS:
            word = word.removesuffix(ending)
            break
    return word[:-1] if len(word) > _MIN_STEM_CHARS and word[-1] == word[-2] else word


def topics(word: str) -> tuple[str, ...]:
    """What a word is about, as `#light`. Of a compound also what its last or first part is about."""
    by_stem = _by_stem()
    found = by_stem.get(stem(word))
    if found is None and 2 * _MIN_PART_CHARS <= len(word) <= _MAX_COMPOUND_CHARS:
        found = tuple(
            topic
            for size in range(_MIN_PART_CHARS, len(word) - 2)
            for part in (word[-size:], word[:size])
            for topic in by_stem.get(stem(part), ())
        )
    return found or ()


@cache
def _by_stem() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for topic, members in TOPICS.items():
        for word in words(members):
            found[stem(word)] = tuple(dict.fromkeys((*found.get(stem(word), ()), f"#{topic}")))
    return found
