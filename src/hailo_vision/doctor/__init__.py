"""What is wrong with this installation, looked at in order: each check says what it saw and what to do.

`machine` is the way to the system and the only place that touches it, `case` the facts that several checks read, each
other module one subject, `checks` their order.
"""
