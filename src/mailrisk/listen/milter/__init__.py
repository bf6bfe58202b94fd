"""Milter: a mail server hands us each message while the sender waits for its answer."""
