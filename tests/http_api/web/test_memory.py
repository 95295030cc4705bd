"""The memory for bodies is shared by clients: a greedy one keeps nobody out, whatever it does."""

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailo_vision.http_api.web.memory import BodyMemory, NoMemory

GREEDY, GOOD = "greedy", "good"


def test_a_client_alone_may_have_all_of_it() -> None:
    memory = BodyMemory[str](10)
    assert memory.take("a", GREEDY, 6) == []
    assert memory.take("b", GREEDY, 4) == []
    with pytest.raises(NoMemory):
        memory.take("b", GREEDY, 1)
    memory.take("a", GREEDY, -1)
    assert memory.take("b", GREEDY, 1) == []
    memory.release("a")
    assert memory.held_bytes == memory.of_client(GREEDY) == 5


def test_the_newest_bodies_of_a_client_over_half_are_given_up_for_another_up_to_half() -> None:
    memory = BodyMemory[str](10)
    for name in "abcde":
        memory.take(name, GREEDY, 2)
    assert memory.take("x", GOOD, 3) == ["e", "d"]
    assert memory.take("x", GOOD, 1) == []
    with pytest.raises(NoMemory):
        memory.take("y", GOOD, 2)
    with pytest.raises(NoMemory):
        memory.take("f", GREEDY, 1)
    assert memory.held_bytes == 10


def test_nothing_is_given_up_where_nobody_is_over_half() -> None:
    memory = BodyMemory[str](9)
    for name in "abc":
        memory.take(name, name, 3)
    with pytest.raises(NoMemory):
        memory.take("d", "d", 1)


SIZE = 64
ACTIONS = st.lists(st.tuples(st.sampled_from(["take", "take", "back", "end"]), st.integers(0, 7), st.integers(1, 16)))


@given(
    before=ACTIONS, between=st.lists(ACTIONS, min_size=1, max_size=8), parts=st.lists(st.integers(1, 8), max_size=32)
)
def test_beside_a_greedy_client_another_gets_half_of_it_at_once_and_keeps_it(
    before: list[tuple[str, int, int]], between: list[list[tuple[str, int, int]]], parts: list[int]
) -> None:
    memory, held, names = BodyMemory[str](SIZE), dict[str, int](), count()

    def act(action: str, which: int, size_bytes: int) -> None:
        name = f"{GREEDY}{which}"
        if action == "end":
            memory.release(name)
            held.pop(name, None)
            return
        amount = -min(size_bytes, held.get(name, 0)) if action == "back" else size_bytes
        try:
            assert memory.take(name, GREEDY, amount) == []
        except NoMemory:
            return
        held[name] = held.get(name, 0) + amount

    for step in before:
        act(*step)
    good = 0
    for number, size_bytes in enumerate(parts):
        for step in between[number % len(between)]:
            act(*step)
        if good + size_bytes > SIZE // 2:
            break
        for given_up in memory.take(f"{GOOD}{next(names) // 3}", GOOD, size_bytes):
            assert given_up.startswith(GREEDY)
            del held[given_up]
        good += size_bytes
        assert memory.of_client(GOOD) == good
        assert memory.of_client(GREEDY) == sum(held.values())
        assert memory.held_bytes == good + sum(held.values()) <= SIZE
