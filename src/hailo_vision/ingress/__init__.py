"""Between the network and aiohttp: lets in whole, unambiguous requests, in bounded number, size and time.

A door is an asyncio protocol around aiohttp's: it reads where each request ends (`framing`, by what `head` says), and
hands over only bytes that it has understood. It uses nothing private of aiohttp, so it is the same on each release.
"""
