"""A private, OpenAI-compatible vision server for the Hailo-10H.

A request walks through the rooms in this order:

    cli -> config -> daemon -> http_api -> images -> scheduler -> supervisor -> worker (a child process) -> the NPU

`chat`, `errors` and `wire` are the words that every room uses; `simulator` stands in for the vendor's
`hailo_platform` where there is no chip. ARCHITECTURE.md tells the whole story.
"""

__version__ = "0.1.0"
