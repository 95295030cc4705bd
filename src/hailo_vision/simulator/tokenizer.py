"""Converts text to token ids and back: reversible, as many tokens as Qwen's table makes, with Qwen's special tokens.

Qwen's vocabulary is not here; this one is computed instead of stored. A text is cut into words, digits, runs of
punctuation and of blanks as Qwen's tokenizer cuts it; most of these are one token. How many a word has is estimated by
its pairs of letters: an English or a programmer's word has few tokens, a German compound has many. The sums are within
10 % of Qwen's table on English, German, JSON, code and schemas of tools (`tests/simulator/test_tokenizer.py`).

The id of a single byte is that byte, and 1 to 3 ASCII letters (with or without a space before them and a capital first)
have ids below 151,643, as on the device. The id of a longer piece is made of its bytes and far above all of the
device's: a client that counts ids can't tell.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final

END_OF_TEXT: Final = 151643
IM_START: Final = 151644
IM_END: Final = 151645
VISION_START: Final = 151652
VISION_END: Final = 151653
IMAGE_PAD: Final = 151655
VIDEO_PAD: Final = 151656

SPECIAL: Final = {
    "<|endoftext|>": END_OF_TEXT,
    "<|im_start|>": IM_START,
    "<|im_end|>": IM_END,
    "<|object_ref_start|>": 151646,
    "<|object_ref_end|>": 151647,
    "<|box_start|>": 151648,
    "<|box_end|>": 151649,
    "<|quad_start|>": 151650,
    "<|quad_end|>": 151651,
    "<|vision_start|>": VISION_START,
    "<|vision_end|>": VISION_END,
    "<|vision_pad|>": 151654,
    "<|image_pad|>": IMAGE_PAD,
    "<|video_pad|>": VIDEO_PAD,
}
SPECIAL_IDS: Final = frozenset(SPECIAL.values())
_SPECIAL_TEXT: Final = {token: text.encode() for text, token in SPECIAL.items()}

# What each pair of letters adds to the tokens of a word, a row for each first letter: A is -12 twentieths, Z is 13.
# Fitted to Qwen's table by least squares over English, German and Python words, by how often each is used.
_PAIR_ROWS: Final = [
    "QJKHOIFKJMLFJJSJPGKFKFMKHM",
    "KQNOLOTVKKPGPPHSPJKVFLONKR",
    "GNIRCRPJAOEFOPGPKELDFNMMGO",
    "LRLKIVKPIHJIQVMNLLIMLKLOIO",
    "IPMFHLJVRSMJJLPMHIIKVJMILN",
    "HRURKIOPFNNIKOIOQMOLGRPNEN",
    "PJOXMOJAJMUIPHKSMKNOMPYNLM",
    "LWRQJOTQJMKOJPJPMMPOIRNMLQ",
    "KGKILMJKNQLLKHGIIJJIRIOLOJ",
    "LMNNDQMNPMRMMNIMMNHMLMNMNM",
    "RMPRHIIOJNOTSIXNMXIXUQOMMN",
    "KNRJJKOKKNPLRTMKMPLLMKMMFS",
    "IGNLERTOGONMOLIIMUKWJRNMOR",
    "MWJIIPHVIPMLUIKRRRGFLHTNJP",
    "GLLJHKEMKKJKIHHJKHKIHJGGJF",
    "IPQNHVKIIMPGLPFJKJLIIKOMLR",
    "PMMOMNMMPNMONOMMQLPPKMUMMM",
    "IVNLHMLTIRKOKLHMNLKNNNOQFU",
    "MZRUHPPIJSNKPQKNJWIJJRMNHV",
    "KSKPKOQHIORJMMKMQJJHJUHNCS",
    "IJLHFQNEINKFIMLHPGJHRLNMNQ",
    "KNQSGOLMHMOPSQSZOMPOONMPMM",
    "INTQHPOFHNMINGILMIKSLQLRLM",
    "IRLQJWNOJMNNNNQIMQPLONNMLQ",
    "VHSTLSMUJMNNNNMSLJJIVVHMLM",
    "LROPKPMPSMOITNRNMSNJRMOMMH",
]
_PAIR_COST: Final = [[ord(letter) - ord("A") - 12 for letter in row] for row in _PAIR_ROWS]
_WORD_COST: Final = -11.1
_LETTER_COST: Final = 5.6
_ACCENT_COST: Final = 14.6  # a letter outside ASCII
_HUMP_COST: Final = 1.7  # a capital inside a word
_COST_OF_A_TOKEN: Final = 20

_SHORT: Final = 256
_SHORT_COUNT: Final = 26 + 26**2 + 26**3
_TAILS: Final = _SHORT + 4 * _SHORT_COUNT  # two continuation bytes
_HEADS: Final = _TAILS + 64 * 64  # a first byte from 0xE0 and a continuation byte
_UNUSED: Final = _HEADS + 21 * 64
_LONG_SHIFT: Final = 32  # the bytes of a longer piece, behind a byte of 1 that keeps leading zeros

_SPECIAL_PATTERN: Final = re.compile("(" + "|".join(re.escape(text) for text in SPECIAL) + ")")
# The cuts of Qwen's tokenizer: contractions, words with the one character before them, digits one by one, punctuation
# with the space before it and the line's end behind it, line ends, blanks.
_PIECES: Final = re.compile(
    r"'(?i:[sdmt]|ll|ve|re)|(?:(?![\r\n\w])[\x00-\x7f]|_)?[^\W\d_]+|\d| ?(?:[^\s\w]|_)+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_MAX_KEPT_CHARACTERS: Final = 32
_SHORT_PIECE: Final = re.compile(r" ?[A-Za-z][a-z]{0,2}")
_RUN_PARTS: Final = re.compile(r"[\x00-\x7f]{1,6}|[^\x00-\x7f]")  # of punctuation or blanks, a token each


def encode(text: str) -> list[int]:
    """The token ids of a text. Special tokens in it are recognised, whoever wrote them (contract 2.4, trap 24)."""
    tokens: list[int] = []
    for index, part in enumerate(_SPECIAL_PATTERN.split(text)):
        tokens += (SPECIAL[part],) if index % 2 else encode_plain(part)
    return tokens


def encode_plain(text: str) -> list[int]:
    """The token ids of a text without special tokens, such as the model's own words."""
    tokens: list[int] = []
    for piece in _PIECES.findall(text):
        tokens += _encode_short_piece(piece) if len(piece) <= _MAX_KEPT_CHARACTERS else _encode_piece(piece)
    return tokens


def decode_bytes(token: int) -> bytes:
    """The bytes of one token; a long character has several tokens. An id that encodes no text gives no bytes."""
    if token < _SHORT:
        return bytes((token,))
    if token < _TAILS:
        return _decode_short(token - _SHORT)
    if token < _HEADS:
        first, second = divmod(token - _TAILS, 64)
        return bytes((0x80 + first, 0x80 + second))
    if token < _UNUSED:
        first, second = divmod(token - _HEADS, 64)
        return bytes((0xE0 + first, 0x80 + second))
    if (number := token >> _LONG_SHIFT) > 0:
        return number.to_bytes((number.bit_length() + 7) // 8, "big")[1:]
    return _SPECIAL_TEXT.get(token, b"")


def decode(tokens: Iterable[int]) -> str:
    """The text of tokens, special ones included (contract 2.7); broken characters become U+FFFD."""
    return b"".join(map(decode_bytes, tokens)).decode("utf-8", errors="replace")


@lru_cache(maxsize=4096)
def _encode_short_piece(piece: str) -> tuple[int, ...]:
    """The same as _encode_piece, kept: the same words come again and again, and the chip's tokenizer is compiled."""
    return tuple(_encode_piece(piece))


def _encode_piece(piece: str) -> list[int]:
    parts = _split_word(piece) if piece[-1].isalpha() else _RUN_PARTS.findall(piece)
    return [token for part in parts for token in _encode_part(part)]


def _split_word(word: str) -> Iterator[str]:
    """The word in as many parts of like length as Qwen's table has tokens for it, by estimate."""
    letters = len(word) - (not word[0].isalpha())
    count = max(1, min(_estimated_tokens(word[-letters:]), letters))
    ends = [len(word) - letters + letters * part // count for part in range(1, count + 1)]
    return (word[start:end] for start, end in zip([0, *ends], ends, strict=False))


def _estimated_tokens(letters: str) -> int:
    if len(letters) < 3:
        return 1
    cost = _WORD_COST + _LETTER_COST * len(letters)
    plain = [_plain(letter) for letter in letters]
    cost += sum(_PAIR_COST[first][second] for first, second in pairwise(plain))
    cost += _ACCENT_COST * sum(not letter.isascii() for letter in letters)
    cost += _HUMP_COST * sum(letter.isupper() for letter in letters[1:])
    return 1 + max(0, int(cost / _COST_OF_A_TOKEN + 0.5))


def _plain(letter: str) -> int:
    """The place in the alphabet of a letter without its accent; another script's letters count as z."""
    base = unicodedata.normalize("NFD", letter)[0].lower()
    return ord(base) - ord("a") if "a" <= base <= "z" else 25


def _encode_part(part: str) -> list[int]:
    if _SHORT_PIECE.fullmatch(part):
        letters = part.lstrip(" ")
        return [_encode_short(letters, len(part) - len(letters))]
    if len(part) == 1:
        return _encode_character(part)
    return [int.from_bytes(b"\x01" + part.encode("utf-8"), "big") << _LONG_SHIFT]


def _encode_character(character: str) -> list[int]:
    raw = character.encode("utf-8")
    if len(raw) < 3:
        return list(raw)
    head = _HEADS + (raw[0] - 0xE0) * 64 + raw[1] - 0x80
    return [head, raw[2]] if len(raw) == 3 else [head, _TAILS + (raw[2] - 0x80) * 64 + raw[3] - 0x80]


def _encode_short(letters: str, space: int) -> int:
    capital = letters[0].isupper()
    number = 0
    for letter in letters.lower():
        number = number * 26 + ord(letter) - 97
    shorter = (0, 26, 26 + 26**2)[len(letters) - 1]
    return _SHORT + (2 * space + capital) * _SHORT_COUNT + shorter + number


def _decode_short(index: int) -> bytes:
    variant, number = divmod(index, _SHORT_COUNT)
    length = 1
    while number >= 26**length:
        number -= 26**length
        length += 1
    letters = ""
    for _ in range(length):
        number, letter = divmod(number, 26)
        letters = chr(97 + letter) + letters
    return (" " * (variant // 2) + (letters.capitalize() if variant % 2 else letters)).encode()
