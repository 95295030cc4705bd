"""The models and their files: which exist, which fit the installed runtime, and how they come to the disk whole.

`catalogue`, `hef`, `gguf`, `gguf_facts`, `answer`, `records` and `progress` are pure; `release`, `store`, `part` and
`verify` touch the machine; `download` touches the network; `pull` puts them together.
"""
