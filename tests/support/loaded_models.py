"""What an engine says of the model it has loaded, where a test needs one and no engine."""

from hailo_vision.chat import LoadedModel

QWEN2_VL = LoadedModel(
    runtime="simulated",
    runtime_version="5.2.0",
    device="simulated",
    frame_width_px=336,
    frame_height_px=336,
    context_tokens=2048,
    image_tokens=144,
    max_images=None,
    load_s=3.0,
)
