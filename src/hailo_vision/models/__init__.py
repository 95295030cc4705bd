"""The models and their files: which exist, which fit the installed runtime, and how they come to the disk whole.

`catalogue`, `hef`, `gguf`, `answer` and `progress` are pure; `records`, `release`, `store`, `part`, `memory`, `facts`
and `verify` touch the machine; `download` touches the network; `pull` puts them together.
"""
