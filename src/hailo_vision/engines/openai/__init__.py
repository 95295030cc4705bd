"""The client side of OpenAI's protocol: one generation at a server, asked and heard."""
