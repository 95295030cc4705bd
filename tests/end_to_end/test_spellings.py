"""A photo that is larger than all other JSON may be is answered the same way, however its client writes JSON."""

import base64
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness import MODEL, PHOTOS
from images.drawn import jpeg_segment
from inside import inside

# Elsewhere the daemon runs in a process of its own: aiohttp's advice, and what sdnotify leaves open without systemd.
pytestmark = [
    pytest.mark.filterwarnings("ignore:It is recommended to use web"),
    pytest.mark.filterwarnings("ignore:unclosed <socket.socket fd=.*, family=1, type=2"),
]

SPELLINGS: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    ".NET": lambda body: body.replace("+", "\\u002B").encode(),
    "Gson": lambda body: body.replace("=", "\\u003d").encode(),
    "PHP": lambda body: body.replace("/", "\\/").encode(),
    "a template": lambda body: body.replace('"data:', '"\\n data:').replace('"/9j/', '" /9j/').encode(),
    "PowerShell": lambda body: body.encode("utf-16"),
    "a byte order mark": lambda body: body.encode("utf-8-sig"),
}


def photo(size_bytes: int) -> str:
    """A photo with as much in it that is no picture, in base64."""
    data = Path(PHOTOS, "coffee-cup.jpg").read_bytes()
    noise = random.Random(17).randbytes(size_bytes)
    segments = b"".join(jpeg_segment(0xED, noise[at : at + 60_000]) for at in range(0, size_bytes, 60_000))
    return base64.b64encode(data[:2] + segments + data[2:]).decode()


def requests(picture: str) -> dict[str, Any]:
    part = {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{picture}"}}
    question = "What colours are in this photo?"
    message = {"role": "user", "content": [part, {"type": "text", "text": question}]}
    source = {"type": "base64", "media_type": "image/jpeg", "data": picture}
    blocks = [{"type": "image", "source": source}, {"type": "text", "text": question}]
    options = {"stream": False, "options": {"temperature": 0}}
    bodies: dict[str, Any] = {
        "/v1/chat/completions": {"messages": [message], "temperature": 0},
        "/v1/messages": {"messages": [{"role": "user", "content": blocks}], "max_tokens": 200, "temperature": 0},
        "/api/chat": {"messages": [{"role": "user", "content": question, "images": [picture]}], **options},
        "/api/generate": {"prompt": question, "images": [picture], **options},
        "/v1/vision/vqa": {"image": part["image_url"], "question": question, "temperature": 0},
    }
    return {path: {"model": MODEL, **body} for path, body in bodies.items()}


def said(answer: dict[str, Any]) -> str:
    match answer:
        case {"choices": [{"message": {"content": str(text)}}]}:
            return text
        case {"content": [{"text": str(text)}]}:
            return text
        case {"message": {"content": str(text)}} | {"response": str(text)} | {"answer": str(text)}:
            return text
    raise AssertionError(answer)


async def test_every_spelling_gets_the_answer_that_the_small_photo_gets() -> None:
    small, large = requests(photo(0)), requests(photo(300_000))
    async with inside({"logging": {"level": "error"}}) as daemon:
        for path in small:
            expected = said(json.loads((await daemon.send(path, json.dumps(small[path]).encode()))[1]))
            for name, spelled in SPELLINGS.items():
                status, answer = await daemon.send(path, spelled(json.dumps(large[path])))
                assert status == 200, (path, name, answer)
                assert said(json.loads(answer)) == expected, (path, name)
