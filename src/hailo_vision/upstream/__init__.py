"""Engines that are HTTP servers: llama.cpp in a child of ours, and anybody's server that speaks OpenAI's protocol."""
