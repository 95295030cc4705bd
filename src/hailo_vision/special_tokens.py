"""Special tokens in the text of clients become plain text, for every engine. Pure.

A tokenizer reads `<|im_end|>` in a user's text as the end of the turn, and what follows as another role's. A space
inside makes ordinary text of it, which the model still reads.
"""

import re
from collections.abc import Iterable
from typing import Any

MIN_TOKEN_CHARS, MAX_TOKEN_CHARS = 2, 128

# ChatML's and most families' special tokens; those of DeepSeek have wider bars.
_COMMON = re.compile(r"<([|｜])([\w▁]+)([|｜])>")

# llama.cpp puts a picture where one of these stands in the prompt.
MEDIA_MARKERS = ("<__media__>", "<__image__>")

# The special tokens of the families that servers run, for a server whose vocabulary is not known here: Llama 2 and
# Mistral, Gemma, LLaVA, InternVL, Idefics and SmolVLM, EXAONE, Seed, GLM, code models, T5 and BERT.
KNOWN = (
    *MEDIA_MARKERS,
    *("<s>", "</s>", "<unk>", "<pad>", "<bos>", "<eos>", "<mask>", "[PAD]", "[CLS]", "[SEP]", "[MASK]", "[UNK]"),
    *("[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[IMG]", "[IMG_BREAK]"),
    *("[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_CALLS]", "[TOOL_RESULTS]", "[/TOOL_RESULTS]", "[IMG_END]"),
    *("[TOOL_CONTENT]", "[CALL_ID]", "[ARGS]", "[AUDIO]", "[BEGIN_AUDIO]", "[THINK]", "[/THINK]"),
    *("[PREFIX]", "[SUFFIX]"),
    *("<start_of_turn>", "<end_of_turn>", "<start_of_image>", "<end_of_image>", "<image_soft_token>"),
    *("<|turn>", "<turn|>", "<|channel>", "<channel|>", "<|tool_call>", "<tool_call|>", "<|tool_response>"),
    *("<tool_response|>", "<|tool>", "<tool|>", "<|image>", "<image|>", "<|audio>", "<audio|>"),
    *("<image>", "<video>", "<audio>", "<img>", "</img>", "<IMG_CONTEXT>", "<end_of_utterance>"),
    *("[|system|]", "[|user|]", "[|assistant|]", "[|endofturn|]", "<seed:bos>", "<seed:eos>", "<seed:pad>"),
    *("[gMASK]", "[sMASK]", "<sop>", "<eop>", "<begin_of_text>", "<end_of_text>", "<file_separator>"),
    *("<fim_prefix>", "<fim_middle>", "<fim_suffix>", "<fim_pad>", *(f"<extra_id_{number}>" for number in range(100))),
    *("<fake_token_around_image>", "<global-img>", "<image_placeholder>", "<|endofprompt|>", "]~b]", "[e~["),
)


class SpecialTokens:
    """The special tokens of a vocabulary: `tokens` in addition to all that look like `<|word|>`."""

    def __init__(self, tokens: Iterable[str] = ()) -> None:
        usable = sorted({token for token in tokens if _is_usable(token)})
        self._literal = re.compile(f"(?={_any_of(usable)})(.)", re.DOTALL) if usable else None

    def neutralise(self, text: str) -> str:
        """The text with no special token in it. Neighbouring texts must be joined before: `<|im_` and `end|>`."""
        text = _COMMON.sub(r"<\1 \2 \3>", text)
        return text if self._literal is None else self._literal.sub(r"\1 ", text)

    def neutralise_json(self, value: Any) -> Any:
        """The same for all strings in a JSON value, the names of fields too."""
        match value:
            case str():
                return self.neutralise(value)
            case list() | tuple():
                return [self.neutralise_json(item) for item in value]
            case dict():
                return {self.neutralise(str(name)): self.neutralise_json(item) for name, item in value.items()}
        return value


def _is_usable(token: str) -> bool:
    """A token that is a plain word can't be told from one."""
    return MIN_TOKEN_CHARS <= len(token) <= MAX_TOKEN_CHARS and bool(token.strip()) and not token.isalnum()


def _any_of(tokens: list[str]) -> str:
    """A regular expression for whatever begins with one of these sorted tokens.

    It is a trie, so that a text costs the same under a vocabulary of thousands: each character is looked at once for
    each character of the token that it could begin.
    """
    if not tokens[0]:  # the shortest one is complete, and decides for all longer ones
        return ""
    heads: dict[str, list[str]] = {}
    for token in tokens:
        heads.setdefault(token[0], []).append(token[1:])
    branches = [re.escape(head) + _any_of(rest) for head, rest in heads.items()]
    return branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})"
