"""About how many tokens a text has on Qwen's table, without the table. Pure.

It is made to be rather too high than too low: from 0.9 times the true number (German) to 1.3 times (names of tools),
as `benchmarks/tool_prompts.py` measures. The engine has the last word: it counts, and refuses what does not fit.
"""

import math
import re

_PIECES = re.compile(r"[ _]?[^\W\d_]+|\d|[^\w\s]+|_|\s+")
_PLAIN_CHARS = 5  # so many letters are one token in most English words
_MAX_MEASURED_CHARS = 16_384
_LATIN, _ALPHABETS = "\u02ff", "\u1fff"  # the last characters of Latin letters with marks, and of most alphabets


def estimated_tokens(text: str) -> int:
    """Of a long text the beginning is measured, and the rest is taken to be like it."""
    measured = text[:_MAX_MEASURED_CHARS]
    tokens = sum(_piece_tokens(match[0]) for match in _PIECES.finditer(measured))
    return math.ceil(tokens * len(text) / max(1, len(measured)))


def _piece_tokens(piece: str) -> float:
    if piece.isspace():
        return 1.0 if len(piece) > 1 or piece == "\n" else 0.3
    word = piece.lstrip(" _") or piece
    if word.isalpha():
        return _word_tokens(word)
    return math.ceil(len(word) / 3) if word.isascii() else 2 * len(word)


def _word_tokens(word: str) -> float:
    last = max(word)
    if last > _ALPHABETS:
        return len(word)  # a character is a word in Chinese, and near to one in Japanese and Korean
    if last > _LATIN:
        return 1 + 0.4 * len(word)
    if last > "\x7f":
        return 1 + 0.2 * max(0, len(word) - 3) + 0.8 * sum(letter > "\x7f" for letter in word)
    humps = 0 if word.isupper() else sum(letter.isupper() for letter in word[1:])
    return 1 + 0.3 * max(0, len(word) - _PLAIN_CHARS) + 0.3 * humps
