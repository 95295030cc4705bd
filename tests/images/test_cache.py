"""Pictures that were seen before."""

from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from hailo_vision.chat import Frame
from hailo_vision.images.cache import Cache, Key
from hailo_vision.images.fit import Shape
from hailo_vision.images.tiles import DecodedPicture, Grid

SHAPE = Shape(width_px=1, height_px=1, fit="pad")


def look(pixels: int) -> DecodedPicture:
    frame = Frame(width_px=pixels, height_px=1, pixels=bytes(3 * pixels))
    return DecodedPicture(frames=(frame,), grid=Grid(), format="png", width_px=pixels, height_px=1)


def key(data: bytes) -> Key:
    return Key.of(data, SHAPE, 0)


def test_what_was_put_in_is_found_by_the_same_file_shape_and_detail_alone() -> None:
    cache = Cache(1000)
    kept = look(1)
    cache.put(key(b"a"), kept)
    assert cache.get(key(b"a")) is kept
    assert cache.get(key(b"b")) is None
    assert cache.get(Key.of(b"a", Shape(width_px=1, height_px=1, fit="crop"), 0)) is None
    assert cache.get(Key.of(b"a", SHAPE, 4)) is None


def test_what_was_not_asked_for_longest_is_forgotten() -> None:
    cache = Cache(9)
    for name in (b"a", b"b", b"c"):
        cache.put(key(name), look(1))
    cache.get(key(b"a"))
    cache.put(key(b"d"), look(1))
    assert [cache.get(key(name)) is not None for name in (b"a", b"b", b"c", b"d")] == [True, False, True, True]


def test_a_cache_of_no_bytes_keeps_nothing() -> None:
    cache = Cache(0)
    cache.put(key(b"a"), look(1))
    assert cache.get(key(b"a")) is None


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), max_size=60), st.integers(0, 60))
def test_the_bytes_are_never_more_than_allowed(steps: list[tuple[int, int]], most: int) -> None:
    cache = Cache(most)
    for name, pixels in steps:
        cache.put(key(bytes([name])), look(pixels))
        found = (cache.get(key(bytes([name]))) for name in range(10))
        assert sum(len(each.frames[0].pixels) for each in found if each) == cache.held_bytes <= most


def test_many_threads_do_not_lose_count() -> None:
    cache = Cache(300)

    def work(seed: int) -> None:
        for step in range(300):
            cache.put(key(bytes([(seed * 7 + step) % 60])), look(1 + (seed + step) % 5))
            cache.get(key(bytes([step % 60])))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    found = (cache.get(key(bytes([name]))) for name in range(60))
    assert sum(len(each.frames[0].pixels) for each in found if each) == cache.held_bytes <= 300
