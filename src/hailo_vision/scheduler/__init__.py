"""One generation at a time: who is let in, who is next, and what drives the engine."""
