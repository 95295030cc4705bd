"""Converts text to token ids and back: reversible, with pieces like a BPE's and with Qwen's own special tokens.

Qwen's vocabulary is not here; this one is computed instead of stored. The ids below 151,643 are, in this order: the 256
bytes; 1 to 3 letters, with or without a space before them and a capital first; 4 letters made of two common pairs, with
or without a space; two bytes of one long UTF-8 character. English has about 4 characters a token.
"""

import re
from collections.abc import Iterable
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
_SPECIAL_TEXT: Final = {token: text.encode() for text, token in SPECIAL.items()}

# The 180 commonest pairs of letters at even positions of English words, counted in this project's own documents.
_PAIRS_IN_A_LINE: Final = (
    "ab ac ad ag ai al am an ap ar as at au ba be bi bl bo br bu ca ce ch ci cl co cr ct cu cy da dd de di do ea ec ed "
    "ee ei el em en er es ev ex ey fi fo fr ft fu ge gh gi gn gr ha he hi ho ht ib ic id ie if ig il im in io ir is it "
    "iv ke la le lf li ll lo ly ma me mi mo mp mu na nc nd ne ng ni nk no ns nt ob oc od of ol om on op or os ot ou ov "
    "ow pa pe pi pl po pr pt pu py qu ra rc re rg ri rk rm rn ro rp rr rs rt ry sa sc se sh si so sp ss st su sy ta te "
    "th ti to tr ts tt tw ty ub ud ue ul un up ur us ut va ve vi wa we wh wi wo xe ye yr"
)
_PAIRS: Final = _PAIRS_IN_A_LINE.split()
_PAIR_INDEX: Final = {pair: index for index, pair in enumerate(_PAIRS)}

_SHORT: Final = 256
_SHORT_COUNT: Final = 26 + 26**2 + 26**3
_LONG: Final = _SHORT + 4 * _SHORT_COUNT
_LONG_COUNT: Final = len(_PAIRS) ** 2
_TAILS: Final = _LONG + 2 * _LONG_COUNT  # two continuation bytes
_HEADS: Final = _TAILS + 64 * 64  # a first byte from 0xE0 and a continuation byte
_UNUSED: Final = _HEADS + 21 * 64

_SPECIAL_PATTERN: Final = re.compile("(" + "|".join(re.escape(text) for text in SPECIAL) + ")")
_PIECES: Final = re.compile(r" ?[a-z]{1,4}| ?[A-Z][a-z]{0,2}|[^A-Za-z]")


def encode(text: str) -> list[int]:
    """The token ids of a text. Special tokens in it are recognised, whoever wrote them (contract 2.4, trap 24)."""
    tokens: list[int] = []
    for index, part in enumerate(_SPECIAL_PATTERN.split(text)):
        tokens += (SPECIAL[part],) if index % 2 else encode_plain(part)
    return tokens


def encode_plain(text: str) -> list[int]:
    """The token ids of a text without special tokens, such as the model's own words."""
    tokens: list[int] = []
    known: dict[str, list[int]] = {}
    for piece in _PIECES.findall(text):
        ids = known.get(piece)
        if ids is None:
            ids = known[piece] = _encode_piece(piece)
        tokens += ids
    return tokens


def decode_bytes(token: int) -> bytes:
    """The bytes of one token; a long character has several tokens. An id that encodes no text gives no bytes."""
    if token < _SHORT:
        return bytes((token,))
    if token < _LONG:
        return _decode_short(token - _SHORT)
    if token < _TAILS:
        space, rest = divmod(token - _LONG, _LONG_COUNT)
        first, second = divmod(rest, len(_PAIRS))
        return (" " * space + _PAIRS[first] + _PAIRS[second]).encode()
    if token < _HEADS:
        first, second = divmod(token - _TAILS, 64)
        return bytes((0x80 + first, 0x80 + second))
    if token < _UNUSED:
        first, second = divmod(token - _HEADS, 64)
        return bytes((0xE0 + first, 0x80 + second))
    return _SPECIAL_TEXT.get(token, b"")


def decode(tokens: Iterable[int]) -> str:
    """The text of tokens, special ones included (contract 2.7); broken characters become U+FFFD."""
    return b"".join(map(decode_bytes, tokens)).decode("utf-8", errors="replace")


def _encode_piece(piece: str) -> list[int]:
    letters = piece.lstrip(" ")
    if not (letters.isascii() and letters.isalpha()):
        return _encode_character(piece)
    space = len(piece) - len(letters)
    if len(letters) < 4:
        return [_encode_short(letters, space)]
    first, second = _PAIR_INDEX.get(letters[:2]), _PAIR_INDEX.get(letters[2:])
    if first is None or second is None:
        return [_encode_short(letters[:2], space), _encode_short(letters[2:], 0)]
    return [_LONG + space * _LONG_COUNT + first * len(_PAIRS) + second]


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
