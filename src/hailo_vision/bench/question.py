"""The questions of a bench: chosen prompts and pictures, or built-in ones."""

import base64
import io
import random
from dataclasses import dataclass

from PIL import Image, ImageDraw

# Short and long answers, and what a vision model is asked most.
PROMPTS = (
    "Describe this picture in two sentences.",
    "What colours do you see?",
    "How many shapes are there, and where?",
    "Is it bright or dark? Explain.",
)
SCENES = 12
SIZE_PX = (1280, 960)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question: its number, its prompt, and the address or data URI of its picture, if it has one."""

    number: int
    prompt: str
    picture: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`pictures` are taken in turn; without any our own are drawn, or none with `draws` off."""

    questions: int
    clients: int
    max_tokens: int
    prompts: tuple[str, ...] = PROMPTS
    pictures: tuple[str, ...] = ()
    draws: bool = True
    nonce: int = 0

    def question(self, number: int) -> Question:
        prompt = self.prompts[number % len(self.prompts)]
        if self.pictures:
            return Question(number=number, prompt=prompt, picture=self.pictures[number % len(self.pictures)])
        return Question(number=number, prompt=prompt, picture=draw_scene(number, self.nonce) if self.draws else None)


def draw_scene(number: int, nonce: int) -> str:
    """A picture of coloured shapes as a data URI: the same scenes in each bench, and never one that is cached."""
    scene = random.Random(number % SCENES)
    image = Image.new("RGB", SIZE_PX, _colour(scene))
    canvas = ImageDraw.Draw(image)
    for _ in range(scene.randint(3, 9)):
        left, top = scene.randrange(SIZE_PX[0] - 200), scene.randrange(SIZE_PX[1] - 200)
        box = (left, top, left + scene.randint(80, 400), top + scene.randint(80, 400))
        (canvas.ellipse if scene.random() < 0.5 else canvas.rectangle)(box, fill=_colour(scene))
    mark = random.Random(f"{number} {nonce}")
    for x in range(16):
        image.putpixel((x, 0), _colour(mark))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def _colour(source: random.Random) -> tuple[int, int, int]:
    return source.randrange(256), source.randrange(256), source.randrange(256)
