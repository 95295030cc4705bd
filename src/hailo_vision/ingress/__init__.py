"""Connections between the network and aiohttp: whole, unambiguous requests, bounded in number, size and time.

A `Connection` is an asyncio protocol around aiohttp's. It finds where each request ends (`framing`, which asks `head`)
and forwards only bytes that it has checked, through a transport that drops slow clients. It uses nothing private of
aiohttp, so it works the same on each release.
"""
