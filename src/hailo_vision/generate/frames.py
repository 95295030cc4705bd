"""The pictures of a request are looked at, and their frames take their places in its turns."""

from hailo_vision.chat import ChatRequest, Frame, Generation, ImageRef, LoadedModel, Text, Turn
from hailo_vision.errors import RequestError
from hailo_vision.images.pictures import Pictures, Seen
from hailo_vision.images.tiles import MAX_WORDS_BYTES

# What the template puts around a turn and around a picture, and the system turn that it adds where there is none.
_TURN_TOKENS = 8
_AROUND_IMAGE_TOKENS = 2
_TEMPLATE_TOKENS = 32
_TOKEN_CHARS = 128  # the longest token of the family's vocabulary: fewer tokens than a text's share of it can't be


async def look(room: Pictures, asked: ChatRequest, model: LoadedModel) -> tuple[Generation, tuple[str, ...]]:
    """Turn the pictures into frames before the job asks for the NPU, which must never wait for a JPEG.

    Also gives the sizes of the pictures' files, such as 1920x1080.
    """
    refs = pictures(asked)
    if refs and model.max_images == 0:
        raise RequestError("The model that is loaded takes no images: it reads text alone.", param=refs[0].param)
    if model.max_images is not None and len(refs) > model.max_images:
        raise RequestError(
            f"The request has {len(refs)} images, and HailoRT {model.runtime_version} takes {model.max_images} in one.",
            param="messages",
        )
    seen = await room.look(
        refs,
        width_px=model.frame_width_px,
        height_px=model.frame_height_px,
        spare_frames=spare_frames(asked, model),
        is_bound=model.is_frame_bound,
    )
    turns = _with_frames(asked, seen)
    generation = Generation(turns=turns, sampling=asked.sampling, max_tokens=asked.max_tokens, stop=asked.stop)
    return generation, tuple(f"{each.width_px}x{each.height_px}" for each in seen)


def check_length(asked: ChatRequest, model: LoadedModel) -> None:
    """Refuse what can't fit in any way, before it is sent to be counted token by token. Raises RequestError."""
    chars = sum(len(part.text) for turn in asked.turns for part in turn.parts if isinstance(part, Text))
    most_chars = _TOKEN_CHARS * model.context_tokens
    if chars > most_chars or len(asked.turns) > model.context_tokens:
        raise RequestError(
            f"The conversation has {len(asked.turns)} messages with {chars} characters, more than the model's context "
            f"of {model.context_tokens} tokens can hold in any way. Shorten it.",
            param="messages",
            code="context_length_exceeded",
        )


def pictures(asked: ChatRequest) -> list[ImageRef]:
    return [part for turn in asked.turns for part in turn.parts if isinstance(part, ImageRef)]


def spare_frames(asked: ChatRequest, model: LoadedModel) -> int:
    """How many frames a request may have above one for each of its pictures.

    The text is counted at its bytes: a token has one or more, so no tile ever makes a prompt too long.
    """
    refs = pictures(asked)
    texts = (part.text for turn in asked.turns for part in turn.parts if isinstance(part, Text))
    text_tokens = sum(len(text.encode(errors="surrogatepass")) for text in texts)
    words_tokens = MAX_WORDS_BYTES * sum(ref.detail == "high" for ref in refs)
    template_tokens = _TEMPLATE_TOKENS + _TURN_TOKENS * len(asked.turns)
    left = model.context_tokens - asked.max_tokens - text_tokens - words_tokens - template_tokens
    fitting = left // (model.image_tokens + _AROUND_IMAGE_TOKENS)
    most = fitting if model.max_images is None else min(fitting, model.max_images)
    return max(0, most - len(refs))


def _with_frames(asked: ChatRequest, seen: tuple[Seen, ...]) -> tuple[Turn[Frame], ...]:
    """The same turns, with what is seen of each picture in its place."""
    following = iter(seen)
    return tuple(
        Turn(
            role=turn.role,
            parts=tuple(
                shown
                for part in turn.parts
                for shown in (next(following).parts if isinstance(part, ImageRef) else (part,))
            ),
        )
        for turn in asked.turns
    )
