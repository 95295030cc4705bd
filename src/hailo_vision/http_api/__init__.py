"""A request comes in, an answer goes out: OpenAI's protocol on aiohttp."""
