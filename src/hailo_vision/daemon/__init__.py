"""The daemon: its parts are assembled, started, supervised and stopped here."""
