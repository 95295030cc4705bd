"""The error for a picture that can't be used, before it is known which of the request's pictures it was."""

from hailo_vision.errors import HailoVisionError, ImageFault


class BadImage(HailoVisionError):
    """`reason` continues a sentence that begins with "Image 2 of 3", and names the next step where there is one.

    It never holds what a library or another server said: their words can carry addresses and secrets.
    """

    def __init__(self, fault: ImageFault, reason: str) -> None:
        super().__init__(reason)
        self.fault = fault
        self.reason = reason
