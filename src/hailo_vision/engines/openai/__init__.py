"""The client side of OpenAI's protocol: one chat completion is requested from a server and its stream is read."""
