"""No client's prompt is reused for another one, and its own is where that is possible."""

from hypothesis import given
from hypothesis import strategies as st

from hailo_vision.engines.llama.slots import Slots

clients = st.sampled_from(["anna", "bob", "carl", None])


def test_a_client_that_is_alone_has_the_whole_cache() -> None:
    slots = Slots(2)
    for _ in range(3):
        slot, options = slots.take("anna")
        assert (slot, options) == (None, {"cache_prompt": True})
        slots.leave(slot)


def test_a_second_client_reads_its_prompt_anew_and_then_has_its_own_slot() -> None:
    slots = Slots(2)
    slots.leave(slots.take("anna")[0])
    bobs, options = slots.take("bob")
    assert options == {"id_slot": bobs, "cache_prompt": False}
    slots.leave(bobs)
    annas, options = slots.take("anna")
    assert annas != bobs
    assert options == {"id_slot": annas, "cache_prompt": True}
    slots.leave(annas)
    assert slots.take("bob") == (bobs, {"id_slot": bobs, "cache_prompt": True})


def test_one_slot_is_read_anew_at_each_change_of_client() -> None:
    slots = Slots(1)
    reuses = []
    for client in ("anna", "bob", "bob", "anna", "anna"):
        slot, options = slots.take(client)
        reuses.append(options["cache_prompt"])
        slots.leave(slot)
    assert reuses == [True, False, True, False, True]


@given(st.integers(1, 4), st.lists(st.tuples(clients, st.booleans())))
def test_what_a_slot_holds_is_reused_for_its_client_alone(count: int, turns: list[tuple[str | None, bool]]) -> None:
    slots, holders = Slots(count), dict[int, str | None]()
    seen: list[str | None] = []
    for client, leaves in turns:
        slot, options = slots.take(client)
        seen.append(client)
        if slot is None:
            assert set(seen) == {client}
            continue
        if options["cache_prompt"]:
            assert holders.get(slot, seen[0]) == client
        holders[slot] = client
        if leaves:
            slots.leave(slot)
