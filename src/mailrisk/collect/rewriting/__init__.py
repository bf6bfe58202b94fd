"""Rewriting the links of a message, and nothing else of it. Start at ``message.py``.

It stands in ``collect`` because it reads MIME, charsets and HTML as the analysis does, with the same code.
"""
