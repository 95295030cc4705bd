"""The pictures of a request become frames, which take the pictures' places in its turns."""

from hailo_vision.chat import ChatRequest, Frame, Generation, ImageRef, LoadedModel, Text, Turn
from hailo_vision.errors import ConversationError, PromptTooLong, RequestError
from hailo_vision.images.pictures import Pictures, PreparedPicture
from hailo_vision.images.tiles import MAX_WORDS_BYTES
from hailo_vision.scheduler.turns import Waiter

# What the template puts around a turn and around a picture, and the system turn that it adds where there is none.
_TURN_TOKENS = 8
_AROUND_IMAGE_TOKENS = 2
_TEMPLATE_TOKENS = 32
_MAX_TOKEN_CHARS = 128  # of the family's vocabulary: a text has at least one token for each so many of its characters


async def with_frames(
    pictures: Pictures, request: ChatRequest, model: LoadedModel, waiter: Waiter
) -> tuple[Generation, tuple[str, ...]]:
    """Decode the pictures before the job asks for the NPU, which must never wait for a JPEG.

    Also gives the sizes of the pictures' files, such as 1920x1080. Raises RequestError or Expired.
    """
    refs = image_refs(request)
    if refs and model.max_images == 0:
        raise RequestError("The model that is loaded takes no images: it reads text alone.", param=refs[0].param)
    if model.max_images is not None and pictures.max_per_request > model.max_images < len(refs):
        raise ConversationError(
            f"The request has {len(refs)} images, and HailoRT {model.runtime_version} takes {model.max_images} in one."
        )
    decoded = await pictures.prepare(
        refs,
        waiter,
        width_px=model.frame_width_px,
        height_px=model.frame_height_px,
        spare_frames=spare_frames(request, model),
        is_bound=model.is_frame_bound,
    )
    turns = _frame_turns(request, decoded)
    generation = Generation(turns=turns, sampling=request.sampling, max_tokens=request.max_tokens, stop=request.stop)
    return generation, tuple(f"{picture.width_px}x{picture.height_px}" for picture in decoded)


def most_pictures(pictures: Pictures, model: LoadedModel) -> int:
    """How many pictures a request may have: as the operator says, or as many as the device takes."""
    return min(pictures.max_per_request, pictures.max_per_request if model.max_images is None else model.max_images)


def check_length(request: ChatRequest, model: LoadedModel) -> None:
    """Refuse what can't fit in any way, before it is sent to be counted token by token. Raises PromptTooLong."""
    chars = sum(len(part.text) for turn in request.turns for part in turn.parts if isinstance(part, Text))
    if chars > max_chars(model) or len(request.turns) > model.context_tokens:
        raise PromptTooLong(
            f"The conversation has {len(request.turns)} messages with {chars} characters, more than the model's "
            f"context of {model.context_tokens} tokens can hold in any way. Shorten it."
        )


def max_chars(model: LoadedModel) -> int:
    """The most characters that the context can hold, whatever they are."""
    return _MAX_TOKEN_CHARS * model.context_tokens


def image_refs(request: ChatRequest) -> list[ImageRef]:
    return [part for turn in request.turns for part in turn.parts if isinstance(part, ImageRef)]


def spare_frames(request: ChatRequest, model: LoadedModel) -> int:
    """How many frames a request may have above one for each of its pictures.

    The text is counted at its bytes: a token has one or more, so no tile ever makes a prompt too long.
    """
    refs = image_refs(request)
    texts = (part.text for turn in request.turns for part in turn.parts if isinstance(part, Text))
    text_tokens = sum(len(text.encode(errors="surrogatepass")) for text in texts)
    tile_text_tokens = MAX_WORDS_BYTES * sum(ref.detail == "high" for ref in refs)
    template_tokens = _TEMPLATE_TOKENS + _TURN_TOKENS * len(request.turns)
    left_tokens = model.context_tokens - request.max_tokens - text_tokens - tile_text_tokens - template_tokens
    max_frames = left_tokens // (model.image_tokens + _AROUND_IMAGE_TOKENS)
    if model.max_images is not None:
        max_frames = min(max_frames, model.max_images)
    return max(0, max_frames - len(refs))


def _frame_turns(request: ChatRequest, decoded: tuple[PreparedPicture, ...]) -> tuple[Turn[Frame], ...]:
    """The same turns, with the frames of each picture, and the text between them, in its place."""
    following = iter(decoded)
    return tuple(
        Turn(
            role=turn.role,
            parts=tuple(
                frame_part
                for part in turn.parts
                for frame_part in (next(following).parts if isinstance(part, ImageRef) else (part,))
            ),
        )
        for turn in request.turns
    )
