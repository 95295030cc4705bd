"""A completion at a server that can't be reached."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from hailo_vision.chat import Generation, Sampling, Text, Turn
from hailo_vision.engines.openai.completion import stream_completion
from hailo_vision.engines.openai.endpoint import Endpoint
from hailo_vision.errors import DeviceFault, DeviceUnavailable


@pytest.fixture
def full_port() -> Iterator[int]:
    """The port of a listener whose backlog is full: the kernel answers no further connection, as behind a firewall."""
    with ExitStack() as opened:
        listener = opened.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            client = opened.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@pytest.mark.parametrize("deadline_in_s", [None, 3600.0, 30.0])
async def test_a_server_that_does_not_take_the_connection_is_not_there(
    full_port: int, deadline_in_s: float | None
) -> None:
    """Nothing was sent, so it may be tried again, and another engine may answer. It is no stall, and no deadline."""
    endpoint = Endpoint(
        name="It", base_url=f"http://127.0.0.1:{full_port}/v1", dialect="openai", model="m", connect_s=0.2, prefill_s=60
    )
    deadline = None if deadline_in_s is None else asyncio.get_running_loop().time() + deadline_in_s
    turn = Turn(role="user", parts=(Text(text="?"),))
    generation = Generation(turns=(turn,), sampling=Sampling(), max_tokens=9, deadline=deadline)
    async with asyncio.timeout(20), endpoint.session() as session:
        with pytest.raises(DeviceUnavailable) as caught:
            async for _ in stream_completion(session, endpoint, generation, lambda seconds: None):
                pass
    assert caught.value.fault is DeviceFault.NO_DEVICE
