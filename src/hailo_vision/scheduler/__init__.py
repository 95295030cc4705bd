"""As many generations at once as the engine has slots: who is let in, who is next, and what drives the engine."""
