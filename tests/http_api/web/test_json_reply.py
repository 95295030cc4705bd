"""Replies with long lists are encoded in pieces, to the same JSON."""

import asyncio
import json

import pytest

from hailo_vision.http_api.web.json_reply import MAX_ITEMS_AT_ONCE, Each, encoded, json_reply, pieces


@pytest.mark.parametrize("count", [0, 1, MAX_ITEMS_AT_ONCE, MAX_ITEMS_AT_ONCE + 1, 1000])
@pytest.mark.parametrize("separators", [(", ", ": "), (",", ":")])
def test_a_value_with_arrays_made_in_pieces_is_the_same_json_as_one_with_lists(
    count: int, separators: tuple[str, str]
) -> None:
    squares = Each(items=range(count), make=lambda number: {"n": number, "square": number * number})
    made = [{"n": number, "square": number * number} for number in range(count)]
    value = {"first": squares, "text": 'a "quote"', "inside": [{"of": squares}], "last": 1}
    plain = {"first": made, "text": 'a "quote"', "inside": [{"of": made}], "last": 1}
    assert "".join(pieces(value, separators=separators)) == json.dumps(plain, separators=separators)


def test_no_piece_holds_more_items_than_the_bound() -> None:
    counts = [piece.count("item") for piece in pieces({"all": Each(items=range(1000), make=lambda _: "item")})]
    assert max(counts) == MAX_ITEMS_AT_ONCE
    assert sum(counts) == 1000


def test_what_is_no_json_is_still_an_error() -> None:
    with pytest.raises(TypeError, match="set is no JSON"):
        list(pieces({"set": set()}))


async def test_the_event_loop_gets_its_turn_between_two_pieces() -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(other())
    await encoded([Each(items=range(MAX_ITEMS_AT_ONCE * 50), make=str)])
    counting.cancel()
    assert turns >= 50


async def test_a_reply_says_its_type_as_all_replies_do() -> None:
    response = await json_reply({"a": Each(items="ä", make=str)})
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert response.body == b'{"a": ["\\u00e4"]}'
