"""JSON of replies with long lists, encoded in pieces: log probabilities of a whole answer take seconds at once."""

import asyncio
import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from aiohttp import web

Item = TypeVar("Item")
MAX_ITEMS_AT_ONCE = 64  # log probabilities with 20 others each take some 3 ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Each(Generic[Item]):
    """An array in JSON whose items are made of `items` when it is encoded, a few at a time."""

    items: Sequence[Item]
    make: Callable[[Item], object]


def each(items: Sequence[Item], make: Callable[[Item], object]) -> Each[Item] | list[object]:
    """An array of what `make` makes of the items: a list, or an Each where they are many."""
    return [make(item) for item in items] if len(items) <= MAX_ITEMS_AT_ONCE else Each(items=items, make=make)


def pieces(value: object, **options: Any) -> Iterator[str]:
    """JSON of a value, in which an Each may stand for any array; one piece where it has none.

    `options` are those of `json.dumps`.
    """
    arrays: list[Each[Any]] = []
    mark = ""

    def default(other: object) -> str:
        nonlocal mark
        if not isinstance(other, Each):
            raise TypeError(f"{type(other).__name__} is no JSON")
        mark = mark or uuid.uuid4().hex
        arrays.append(other)
        return mark

    text = json.dumps(value, default=default, **options)
    if not arrays:
        yield text
        return
    piece, *between = text.split(f'"{mark}"')
    for array, after in zip(arrays, between, strict=True):
        piece += "["
        separator = options.get("separators", (", ", ": "))[0]
        for start in range(0, len(array.items), MAX_ITEMS_AT_ONCE):
            made = [array.make(item) for item in array.items[start : start + MAX_ITEMS_AT_ONCE]]
            yield (separator if start else piece) + json.dumps(made, **options)[1:-1]
            piece = ""
        piece += "]" + after
    yield piece


async def encoded(value: object, **options: Any) -> bytes:
    """The same as bytes; the event loop gets a turn between two pieces."""
    made: list[bytes] = []
    for piece in pieces(value, **options):
        if made:
            await asyncio.sleep(0)
        made.append(piece.encode("ascii"))
    return b"".join(made)


async def json_reply(value: object) -> web.Response:
    """A whole response of JSON."""
    return web.Response(body=await encoded(value), content_type="application/json", charset="utf-8")
