"""Connections are shared by clients: a greedy one keeps nobody out, whatever it does."""

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailo_vision.ingress.places import NoPlace, Places

GREEDY, GOOD = "greedy", "good"


def full(size: int, clients: str) -> Places[str]:
    """Places that are all taken: `clients` has a letter for each, a capital one for a busy connection."""
    places = Places[str](size)
    for number, letter in enumerate(clients):
        assert places.add(f"{letter}{number}", letter.lower()) is None
        if letter.isupper():
            places.set_busy(f"{letter}{number}")
    assert len(places) == size
    return places


@pytest.mark.parametrize(
    ("clients", "newcomer", "evicted"),
    [
        ("aaaa", "a", "a0"),  # the longest idle
        ("Aaaa", "a", "a1"),
        ("AAAA", "a", None),
        ("AaaA", "b", "a1"),  # a client over half gives first of what is idle
        ("baaa", "c", "a1"),  # though another's is idle for longer
        ("AAAA", "b", "A3"),  # then the newest of what is busy
        ("BAAA", "b", "A3"),
        ("bbAA", "b", "b0"),  # at half a client has its own places only
        ("BBaa", "b", None),
        ("bbaa", "c", "b0"),  # nobody is over half: the longest idle of all
        ("BBaA", "c", "a2"),
        ("BBAA", "c", None),
    ],
)
def test_a_newcomer_to_a_full_house_gets_the_place_of(clients: str, newcomer: str, evicted: str | None) -> None:
    places = full(4, clients)
    if evicted is None:
        with pytest.raises(NoPlace):
            places.add("new", newcomer)
        assert "new" not in places
    else:
        assert places.add("new", newcomer) == evicted
        assert evicted not in places
        assert "new" in places
    assert len(places) == 4


def test_a_connection_that_becomes_idle_again_is_the_last_of_the_idle_ones_to_go() -> None:
    places = full(2, "aa")
    places.set_busy("a0")
    places.set_idle("a0")
    assert places.add("new", "b") == "a1"


def test_one_place_is_not_taken_from_a_request_that_runs() -> None:
    with pytest.raises(NoPlace):
        full(1, "A").add("new", "b")


STEPS = st.lists(
    st.tuples(st.sampled_from(["come", "come", "ask", "rest", "leave"]), st.integers(0, 3), st.integers(0, 50)),
    max_size=200,
)


@given(size=st.integers(1, 9), steps=STEPS)
def test_places_hold_what_a_plain_model_of_them_holds(size: int, steps: list[tuple[str, int, int]]) -> None:
    places, names = Places[int](size), count()
    model: dict[int, str] = {}
    for step, client, pick in steps:
        chosen = sorted(model)[pick % len(model)] if model else -1
        match step:
            case "come":
                name = next(names)
                was_full = len(model) >= size
                try:
                    evicted = places.add(name, str(client))
                except NoPlace:
                    assert was_full
                    continue
                assert (evicted is not None) is was_full
                model.pop(-1 if evicted is None else evicted, None)
                model[name] = str(client)
            case "ask":
                places.set_busy(chosen)
            case "rest":
                places.set_idle(chosen)
            case "leave":
                places.remove(chosen)
                model.pop(chosen, None)
        assert set(places) == set(model)
        assert len(places) <= size
        assert all(places.count(str(one)) == list(model.values()).count(str(one)) for one in range(4))


@given(
    size=st.integers(2, 12),
    before=st.lists(st.sampled_from(["come", "come", "ask", "rest"]), max_size=60),
    between=st.lists(st.lists(st.sampled_from(["come", "ask", "rest"]), max_size=8), min_size=1, max_size=12),
)
def test_beside_a_greedy_client_another_gets_half_of_the_places_at_once_and_keeps_them(
    size: int, before: list[str], between: list[list[str]]
) -> None:
    """Whatever the greedy one does before and in between: each newcomer of the good one is in at its first try."""
    places, names = Places[str](size), count()
    greedy: list[str] = []

    def act(step: str) -> None:
        if step == "come":
            name = f"{GREEDY}{next(names)}"
            try:
                evicted = places.add(name, GREEDY)
            except NoPlace:
                return
            assert evicted is None or evicted.startswith(GREEDY)
            greedy.append(name)
        elif greedy:
            (places.set_busy if step == "ask" else places.set_idle)(greedy[-1])

    for step in [*before, *["come"] * size]:
        act(step)
    for number in range(size // 2):
        for step in between[number % len(between)]:
            act(step)
        evicted = places.add(f"{GOOD}{number}", GOOD)
        assert evicted is None or evicted.startswith(GREEDY)
        if number % 2:
            places.set_busy(f"{GOOD}{number}")
    assert places.count(GOOD) == size // 2
    assert all(f"{GOOD}{number}" in places for number in range(size // 2))
