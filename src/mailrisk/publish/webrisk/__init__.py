"""Web Risk and Safe Browsing: lists of hash prefixes, a fold of the change feed.

A client keeps, for each *threat list*, the sorted set of the first four bytes of SHA-256 of *expressions*
(``evil.example/login``, see ``model/url/expressions.py``). It looks its URLs up there; a prefix that is
found is asked for (``hashes:search``) and answered with the full hashes. It keeps up by *diffs*: prefixes
to add, positions to remove, and a checksum of what it must have then.

``threats``     threat types by category
``expressible`` which listings an expression can say without saying more
``hash_table``  listings -> full hashes, with what exempts them
``prefix_list`` the prefixes of one list and how they changed
``diff``        what a client of any kept version has to do to be up to date
``token``       version tokens
``rice``        Golomb-Rice coding of both API generations
"""
