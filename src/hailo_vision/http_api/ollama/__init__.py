"""Ollama's API: the same rooms behind another dialect, docs/api-ollama.md.

`parse`, `messages`, `options`, `stay` and `template` make types of its JSON, `reply` and `card` JSON of types; all are
pure. `handler` answers, `models` tells of the model, `pull` fetches one, `refused` says what there is not.
"""
