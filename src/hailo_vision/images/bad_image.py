"""Why a picture can't be used, before it is known which of the request's pictures it was."""

from typing import Literal

from hailo_vision.errors import HailoVisionError

# OpenAI's words for what can be wrong with an image.
Code = Literal[
    "empty_image_file",
    "failed_to_download_image",
    "image_file_too_large",
    "image_parse_error",
    "image_too_large",
    "image_too_small",
    "invalid_base64_image",
    "invalid_image",
    "invalid_image_url",
    "unsupported_image_media_type",
]


class BadImage(HailoVisionError):
    """`reason` continues a sentence that begins with "Image 2 of 3", and names the next step where there is one.

    It never holds what a library or another server said: their words can carry addresses and secrets.
    """

    def __init__(self, code: Code, reason: str) -> None:
        super().__init__(reason)
        self.code: Code = code
        self.reason = reason
