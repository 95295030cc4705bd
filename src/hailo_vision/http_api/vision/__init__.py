"""POST /v1/vision/...: pictures and a question, as JSON or a form. `batch` keeps the NPU busy with many of them."""
