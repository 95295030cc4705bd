"""Rate limits by token bucket: how many requests or pictures a client may send in a minute."""

from hypothesis import given, settings
from hypothesis import strategies as st

from hailo_vision.access.limits import Limit


def test_a_full_bucket_can_be_taken_at_once_and_refills_evenly() -> None:
    limit = Limit(6)
    assert [limit.take("a", 1, 100).remaining for _ in range(6)] == [5, 4, 3, 2, 1, 0]
    refused = limit.take("a", 1, 100)
    assert (refused.remaining, round(refused.retry_after_s, 3), round(refused.full_in_s, 3)) == (0, 10, 60)
    assert limit.take("a", 1, 109).retry_after_s > 0
    assert limit.take("a", 1, 110.001).retry_after_s == 0
    assert limit.take("a", 1, 110.002).retry_after_s > 0


def test_each_client_has_a_bucket_of_its_own() -> None:
    limit = Limit(1)
    assert limit.take("a", 1, 0).retry_after_s == 0
    assert limit.take("a", 1, 0).retry_after_s == 60
    assert limit.take("b", 1, 0).retry_after_s == 0


def test_an_amount_is_taken_whole_or_not_at_all() -> None:
    limit = Limit(10)
    limit.take("a", 7, 0)
    assert limit.take("a", 4, 0).retry_after_s == 6
    assert limit.take("a", 3, 0).retry_after_s == 0


def test_a_refused_request_takes_nothing_from_the_bucket() -> None:
    limit = Limit(1)
    limit.take("a", 1, 0)
    waits = [limit.take("a", 1, 30).retry_after_s for _ in range(5)]
    assert waits == [30] * 5


def test_memory_is_bounded_and_the_client_idle_longest_is_dropped() -> None:
    limit = Limit(1, max_clients=3)
    for client in "abcab":
        limit.take(client, 1, 0)
    limit.take("d", 1, 0)
    assert len(limit) == 3
    assert limit.take("b", 1, 0).retry_after_s > 0
    for number in range(100):
        limit.take(str(number), 1, 0)
    assert len(limit) == 3


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1, 1000),
    st.lists(st.tuples(st.floats(0, 100), st.integers(1, 50)), max_size=60),
)
def test_no_period_grants_more_than_a_full_bucket_and_its_refill(
    per_minute: int, requests: list[tuple[float, int]]
) -> None:
    limit, now_s = Limit(per_minute), 0.0
    granted: list[tuple[float, int]] = []
    for wait_s, amount in requests:
        now_s += wait_s
        level = limit.take("a", amount, now_s)
        assert 0 <= level.remaining <= per_minute
        assert 0 <= level.full_in_s <= 60.001
        if level.retry_after_s == 0:
            granted.append((now_s, amount))
        elif amount <= per_minute:
            assert level.retry_after_s <= 60.001
            now_s += level.retry_after_s + 0.001
            assert limit.take("a", amount, now_s).retry_after_s == 0
            granted.append((now_s, amount))
    for index, (since_s, _) in enumerate(granted):
        total = 0
        for then_s, amount in granted[index:]:
            total += amount
            assert total <= per_minute * (1 + (then_s - since_s) / 60) + 0.001
