"""A worker without a device: it answers each job with the numbers 1 to max_tokens, one token each.

The first argument names the one way in which it misbehaves; with `obedient` it does not. `deaf` never hears an Abort,
`timeless` never looks at the deadline, `timeless_and_deaf` does neither.
"""

import math
import os
import signal
import socket
import sys
import time

from hailo_vision.chat import FinishReason, LoadedModel, Usage
from hailo_vision.errors import DeviceFault, DeviceUnavailable, GenerationFailed
from hailo_vision.wire import Failed, Finished, Generate, Hello, Loaded, Quit, Token
from hailo_vision.worker.loop import Channel

PREFILL_S, DECODE_S = 1.0, 2.0  # what it says of each generation, however long that was
MODEL = LoadedModel(
    runtime="simulated",
    runtime_version="0",
    device="none",
    frame_width_px=28,
    frame_height_px=28,
    context_tokens=2048,
    image_tokens=1,
    max_images=None,
    load_s=0.0,
)


def main(way: str, channel: Channel) -> None:
    if way == "silent":
        wait_for_ever()
    if way == "garbage":
        channel._socket.sendall(b"\xff" * 64)
        wait_for_ever()
    if way == "dies_at_once":
        os._exit(7)
    channel.send(Hello(pid=os.getpid()))
    channel.receive()
    if way == "closed_in_load":
        error = DeviceUnavailable(DeviceFault.DEVICE_LOST, "the server on the chip closed", status=57)
        channel.send(Failed(job=None, error=error, fatal=True))
        return
    if way == "stuck_in_load":
        wait_for_ever()
    if way == "dies_in_load":
        os._exit(7)
    if way == "garbage_in_load":
        channel._socket.sendall(b"\xff" * 64)
        wait_for_ever()
    if way == "bad_model":
        channel.send(Failed(job=None, error=DeviceUnavailable(DeviceFault.MODEL_INVALID, "bad model"), fatal=True))
        return
    if way == "no_device":
        channel.send(Failed(job=None, error=DeviceUnavailable(DeviceFault.NO_DEVICE, "no device"), fatal=True))
        return
    if way == "shut_out":
        channel.send(Failed(job=None, error=DeviceUnavailable(DeviceFault.SHUT_OUT, "shut out"), fatal=True))
        return
    channel.send(Loaded(model=MODEL))
    while (message := channel.receive()) is not None:
        if isinstance(message, Quit):
            if way == "deaf_to_quit":
                wait_for_ever()
            break
        if isinstance(message, Generate):
            answer(way, channel, message)
            if way == "hangs_up":
                channel._socket.shutdown(socket.SHUT_RDWR)
                wait_for_ever()


def answer(way: str, channel: Channel, message: Generate) -> None:
    job = message.job
    if way == "lost_while_idle" or (way == "lost_while_idle_once" and is_first()):
        error = DeviceUnavailable(DeviceFault.DEVICE_LOST, "lost", status=62, is_untouched=True)
        channel.send(Failed(job=job, error=error, fatal=True))
        os._exit(1)
    if way == "stuck_in_prefill":
        wait_for_ever()
    for number in range(1, message.generation.max_tokens + 1):
        if "deaf" not in way and channel.wants_end_of(job):
            return finish(channel, job, number - 1, None)
        if "timeless" not in way and time.monotonic() >= (message.generation.deadline or math.inf):
            return finish(channel, job, number - 1, FinishReason.DEADLINE)
        channel.send(Token(job=job, text=f"{number} "))
        if way == "killed_in_decode" and number == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        if way == "stuck_in_decode" and number == 2:
            wait_for_ever()
        if way == "fails_in_decode" and number == 2:
            return channel.send(Failed(job=job, error=GenerationFailed("it failed"), fatal=False))
        if way == "lost_in_decode" and number == 2:
            channel.send(Failed(job=job, error=DeviceUnavailable(DeviceFault.DEVICE_LOST, "lost"), fatal=True))
            os._exit(1)
        if message.generation.max_tokens > 100:
            time.sleep(0.001)  # long answers are for tests that leave before their end
    return finish(channel, job, message.generation.max_tokens, FinishReason.LENGTH)


def is_first() -> bool:
    """Whether no other child of the test has been here: it leaves a file in the folder that the test made for it."""
    try:
        os.close(os.open(os.path.join(os.environ["CHILDREN"], "was-here"), os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def finish(channel: Channel, job: int, tokens: int, reason: FinishReason | None) -> None:
    usage = Usage(prompt_tokens=1, completion_tokens=tokens)
    channel.send(Finished(job=job, reason=reason, usage=usage, prefill_s=PREFILL_S, decode_s=DECODE_S))


def wait_for_ever() -> None:
    while True:
        signal.pause()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    main(sys.argv[1], Channel(socket.socket(fileno=int(sys.argv[2]))))
