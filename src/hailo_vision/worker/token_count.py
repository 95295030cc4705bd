"""The tokens of a prompt as the device will count them, learned from its own counts. Pure.

A picture's tokens follow from one encoder's patches, and the template's words from Qwen2-VL's. A model with another
encoder or template counts otherwise, and only the device's count after an answer tells.
"""

PIXELS_A_TOKEN = 28 * 28  # 2 x 2 patches of 14 x 14 pixels; one division of the whole frame, as HailoRT does it
MAX_FACTOR = 2  # between a picture's measured tokens and the formula's; beyond it something else was measured


class TokenCount:
    """Counts prompts, and takes what the device has counted into account.

    `margin` is the largest number of tokens by which a prompt was longer on the device than here. `is_confirmed` once
    the device's counts show that the template is the one rendered here: a context may only be reused then.
    """

    def __init__(self, *, frame_width_px: int, frame_height_px: int) -> None:
        self.image_tokens = frame_width_px * frame_height_px // PIXELS_A_TOKEN
        self.margin = 0
        self._formula = self.image_tokens
        self._agreed: set[int] = set()  # numbers of pictures at which the device has counted as we do
        self._differs = False

    @property
    def is_confirmed(self) -> bool:
        """One agreement is enough with the formula's tokens. With measured ones a single number of pictures would agree
        with any template.
        """
        needed = 1 if self.image_tokens == self._formula else 2
        return not self._differs and len(self._agreed) >= needed

    def total(self, text_tokens: int, images: int) -> int:
        """The prompt's tokens; in text the placeholder of a picture is one token."""
        return text_tokens + images * (self.image_tokens - 1)

    def learn(self, text_tokens: int, images: int, measured_tokens: int) -> None:
        """Take in the device's count of a whole prompt of so many text tokens and pictures."""
        difference = measured_tokens - self.total(text_tokens, images)
        if difference and images and self.image_tokens == self._formula and not self._agreed - {0}:
            difference = self._measure_images(text_tokens, images, measured_tokens)
        if difference:
            self._differs = True
            self.margin = max(self.margin, difference)
        else:
            self._agreed.add(images)

    def _measure_images(self, text_tokens: int, images: int, measured_tokens: int) -> int:
        """Take a picture's tokens from the device's count where that can be; returns the difference that stays."""
        of_pictures = measured_tokens - (text_tokens - images) - self.margin
        tokens, rest = divmod(of_pictures, images)
        if rest == 0 and self._formula <= MAX_FACTOR * tokens <= MAX_FACTOR**2 * self._formula:
            self.image_tokens = tokens
            return 0
        return measured_tokens - self.total(text_tokens, images)
