"""A request becomes answers: its pictures are looked at, then each choice takes its turns at the engine."""
