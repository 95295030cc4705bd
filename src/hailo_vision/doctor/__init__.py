"""What is wrong with this installation, looked at in order: each check says what it saw and what to do.

`machine` is the only module that touches the system, `installation` holds the facts that several checks read, each
other module has one subject, and `checks` puts them in order.
"""
