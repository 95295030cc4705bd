"""What a server says of its models, and what is no such list. The doctor's tests have the servers that misbehave."""

import asyncio
import json
from contextlib import suppress

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from engines.remote.test_remote import over
from faulty_server import faulty
from hailo_vision.config import settings
from hailo_vision.engines.contract import EngineState
from hailo_vision.engines.openai import listing
from hailo_vision.engines.remote.remote import RemoteEngine
from supervised import until

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["data", "id"]), inner),
)


@given(told=st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_whatever_comes_is_a_list_of_objects_or_none(told: bytes) -> None:
    found = listing.entries(told)
    assert found is None or all(isinstance(entry, dict) for entry in found)


@pytest.mark.parametrize("told", [b"", b"[", b"[]", b'{"data": {}}', b"[" * 100_000, b"9" * 10_000, b"\xff"])
def test_what_is_no_list_of_models_is_none(told: bytes) -> None:
    assert listing.entries(told) is None


def test_what_is_no_object_in_a_list_is_left_out() -> None:
    assert listing.entries(b'{"data": [3, {"id": "one"}, null]}') == ({"id": "one"},)


async def test_a_list_that_comes_in_crumbs_is_read_to_its_end() -> None:
    async def in_crumbs(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for byte in json.dumps({"data": [{"id": "other"}, {"id": "good", "max_model_len": 2345}]}).encode():
            await response.write(bytes([byte]))
            await asyncio.sleep(0)
        return response

    def also(app: web.Application) -> None:
        app.router.add_get("/crumbs/models", in_crumbs)

    async with faulty(also) as server, over(server, "good", base_url=server.base_url[:-2] + "crumbs") as engine:
        assert engine.model is not None
        assert engine.model.context_tokens == 2345


@pytest.mark.parametrize("host", ["a" * 70, "a..b"])
async def test_a_name_that_can_t_be_one_is_a_trouble_and_no_end_of_the_engine(host: str) -> None:
    engine = RemoteEngine(settings.Remote(base_url=f"http://{host}/v1", model="m"), key=None)
    task = asyncio.create_task(engine.run())
    await until(lambda: engine.state is EngineState.FAILED or task.done())
    assert not task.done()
    assert engine.trouble == "The server behind this one can't be reached."
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
