"""What OpenAI's dialects share, and a folder for each of them."""
