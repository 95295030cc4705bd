"""A request becomes answers: its pictures become frames, then each choice takes its turns at the engine."""
