"""Makes a tiny random Qwen2-VL that llama.cpp accepts: tiny-qwen2vl.gguf and mmproj-tiny-qwen2vl.gguf in a folder.

With the word `tools` after the folder its template has tools, and no pictures.

Its words are gibberish, but always the same ones for the same prompt, other ones for another picture, and tokens of
pictures are counted as those of the real one.
"""

import sys
from pathlib import Path
from typing import Any

import gguf
import numpy as np

WIDTH, LAYERS, HEADS, KV_HEADS, HIDDEN, HEAD = 64, 2, 2, 1, 128, 32
EYE_WIDTH, EYE_LAYERS, EYE_HEADS, EYE_HIDDEN, PATCH = 32, 2, 2, 64, 14
SPECIAL = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
]
CALL = "<tool_call>"  # a token of its own, so that a logit bias can begin a call with it; its number is 258
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n"
    "{% if m['content'] is string %}{{ m['content'] }}{% else %}{% for c in m['content'] %}"
    "{% if c['type'] == 'text' %}{{ c['text'] }}{% else %}<|vision_start|><|image_pad|><|vision_end|>{% endif %}"
    "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# As Qwen2.5's: from the marks in it llama.cpp learns how this model calls tools.
TOOL_TEMPLATE = (
    "{% if tools %}<|im_start|>system\n# Tools\n\n<tools>"
    "{% for tool in tools %}\n{{ tool | tojson }}{% endfor %}\n</tools>\n\n"
    "For each call answer with JSON inside of these tags:\n"
    '<tool_call>{"name": <function-name>, "arguments": <args-json-object>}</tool_call><|im_end|>\n{% endif %}'
    "{% for m in messages %}"
    "{% if m['role'] == 'tool' %}<|im_start|>user\n<tool_response>\n{{ m['content'] }}\n</tool_response><|im_end|>\n"
    "{% elif m['tool_calls'] %}<|im_start|>assistant\n{{ m['content'] or '' }}"
    "{% for call in m['tool_calls'] %}<tool_call>{\"name\": \"{{ call['function']['name'] }}\", \"arguments\": "
    "{{ call['function']['arguments'] | tojson }}}</tool_call>{% endfor %}<|im_end|>\n"
    "{% else %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
RANDOM = np.random.default_rng(7)


def noise(*shape: int, scale: float = 0.05) -> Any:
    return (RANDOM.standard_normal(shape) * scale).astype(np.float32)


def ones(length: int) -> Any:
    return np.ones(length, np.float32)


def zeros(length: int) -> Any:
    return np.zeros(length, np.float32)


def byte_tokens() -> list[str]:
    """GPT-2's alphabet: a character for each byte, in the bytes' order."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    shown = {byte: chr(byte) for byte in plain} | {byte: chr(256 + place) for place, byte in enumerate(others)}
    return [shown[byte] for byte in range(256)]


def write_language(path: Path, template: str) -> None:
    tokens = [*byte_tokens(), "th", "in", CALL, *SPECIAL]
    types = [gguf.TokenType.NORMAL] * len(tokens)
    types[tokens.index(CALL)] = gguf.TokenType.USER_DEFINED
    types[-len(SPECIAL) :] = [gguf.TokenType.CONTROL] * len(SPECIAL)
    writer = gguf.GGUFWriter(str(path), "qwen2vl")
    writer.add_name("tiny-random-qwen2vl")
    writer.add_context_length(4096)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_rope_freq_base(1e6)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_dimension_sections([4, 6, 6, 0])
    writer.add_file_type(0)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(["t h", "i n"])
    writer.add_eos_token_id(tokens.index("<|im_end|>"))
    writer.add_bos_token_id(tokens.index("<|endoftext|>"))
    writer.add_pad_token_id(tokens.index("<|endoftext|>"))
    writer.add_add_bos_token(False)
    writer.add_chat_template(template)
    writer.add_tensor("token_embd.weight", noise(len(tokens), WIDTH, scale=0.5))
    writer.add_tensor("output.weight", noise(len(tokens), WIDTH, scale=0.5))
    writer.add_tensor("output_norm.weight", ones(WIDTH))
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        writer.add_tensor(f"{block}attn_norm.weight", ones(WIDTH))
        writer.add_tensor(f"{block}ffn_norm.weight", ones(WIDTH))
        for name, heads in (("q", HEADS), ("k", KV_HEADS), ("v", KV_HEADS)):
            writer.add_tensor(f"{block}attn_{name}.weight", noise(heads * HEAD, WIDTH, scale=0.15))
            writer.add_tensor(f"{block}attn_{name}.bias", noise(heads * HEAD))
        writer.add_tensor(f"{block}attn_output.weight", noise(WIDTH, HEADS * HEAD, scale=0.15))
        writer.add_tensor(f"{block}ffn_gate.weight", noise(HIDDEN, WIDTH, scale=0.15))
        writer.add_tensor(f"{block}ffn_up.weight", noise(HIDDEN, WIDTH, scale=0.15))
        writer.add_tensor(f"{block}ffn_down.weight", noise(WIDTH, HIDDEN, scale=0.15))
    finish(writer)


def write_eyes(path: Path) -> None:
    writer = gguf.GGUFWriter(str(path), "clip")
    writer.add_type("mmproj")
    writer.add_bool("clip.has_vision_encoder", True)
    writer.add_string("clip.projector_type", "qwen2vl_merger")
    sizes = {
        "embedding_length": EYE_WIDTH,
        "attention.head_count": EYE_HEADS,
        "feed_forward_length": EYE_HIDDEN,
        "block_count": EYE_LAYERS,
        "projection_dim": WIDTH,
        "image_size": 560,
        "patch_size": PATCH,
        "spatial_merge_size": 2,
    }
    for name, size in sizes.items():
        writer.add_uint32(f"clip.vision.{name}", size)
    writer.add_float32("clip.vision.attention.layer_norm_epsilon", 1e-6)
    writer.add_array("clip.vision.image_mean", [0.48145466, 0.4578275, 0.40821073])
    writer.add_array("clip.vision.image_std", [0.26862954, 0.26130258, 0.27577711])
    writer.add_file_type(0)
    for name in ("v.patch_embd.weight", "v.patch_embd.weight.1"):
        writer.add_tensor(name, noise(EYE_WIDTH, 3, PATCH, PATCH))
    for layer in range(EYE_LAYERS):
        write_eye_layer(writer, f"v.blk.{layer}.")
    writer.add_tensor("v.post_ln.weight", ones(EYE_WIDTH))
    writer.add_tensor("v.post_ln.bias", zeros(EYE_WIDTH))
    for name, width in (("mm.0", 4 * EYE_WIDTH), ("mm.2", WIDTH)):
        writer.add_tensor(f"{name}.weight", noise(width, 4 * EYE_WIDTH, scale=0.1))
        writer.add_tensor(f"{name}.bias", noise(width))
    finish(writer)


def write_eye_layer(writer: gguf.GGUFWriter, block: str) -> None:
    for name in ("ln1", "ln2"):
        writer.add_tensor(f"{block}{name}.weight", ones(EYE_WIDTH))
        writer.add_tensor(f"{block}{name}.bias", zeros(EYE_WIDTH))
    for name in ("attn_q", "attn_k", "attn_v", "attn_out"):
        writer.add_tensor(f"{block}{name}.weight", noise(EYE_WIDTH, EYE_WIDTH, scale=0.2))
        writer.add_tensor(f"{block}{name}.bias", noise(EYE_WIDTH))
    writer.add_tensor(f"{block}ffn_up.weight", noise(EYE_HIDDEN, EYE_WIDTH, scale=0.2))
    writer.add_tensor(f"{block}ffn_up.bias", noise(EYE_HIDDEN))
    writer.add_tensor(f"{block}ffn_down.weight", noise(EYE_WIDTH, EYE_HIDDEN, scale=0.2))
    writer.add_tensor(f"{block}ffn_down.bias", noise(EYE_WIDTH))


def finish(writer: gguf.GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    write_language(folder / "tiny-qwen2vl.gguf", TOOL_TEMPLATE if "tools" in sys.argv[2:] else TEMPLATE)
    write_eyes(folder / "mmproj-tiny-qwen2vl.gguf")
